from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from torch.nn import functional as F

from groupseg.networks.clip.clusters import cluster
from groupseg.networks.clip.config import Clip
from groupseg.networks.clip.dense import DenseTower
from groupseg.networks.clip.network import ClipNetwork, means
from groupseg.networks.clip.weights import save_clip
from groupseg.networks.registry import load_network
from groupseg.segments.build import segment_images
from tests.networks.clip.tiny import FRAME, NAME, about, tiny_clip, windows


@pytest.fixture(scope="module")
def model() -> open_clip.CLIP:
    return tiny_clip()


def network(model: open_clip.CLIP, **changes: object) -> ClipNetwork:
    how = about(**changes)
    tower = DenseTower(model.visual, how.clip.attention, how.clip.normalisation)
    return ClipNetwork(tower, how, model.logit_scale.exp().item())


def test_every_patch_is_a_group(model: open_clip.CLIP) -> None:
    dense = DenseTower(model.visual, "sclip", "clip")(windows())
    segments = network(model, attention="sclip")(windows())
    torch.testing.assert_close(segments.embedding, dense.patches.flatten(1, 2).detach())
    torch.testing.assert_close(segments.image, dense.image.detach())
    numbers = torch.arange(16).view(4, 4).repeat_interleave(8, 0).repeat_interleave(8, 1)
    assert torch.equal(segments.masks, numbers.expand(2, -1, -1))


@pytest.mark.parametrize("connected", [False, True])
def test_clusters_are_described_by_the_mean_of_their_patches(model: open_clip.CLIP, connected: bool) -> None:
    images = windows(29, 43, count=3)
    dense = DenseTower(model.visual, "plain", "clip")(images)
    segments = network(model, clusters=5, connected=connected)(images)
    assert segments.masks.shape == (3, 29, 43)
    for window in range(3):
        patches = dense.patches[window].detach()
        labels = cluster(patches.numpy(), 5, connected)
        # 29 and 43 pixels are filled up to 32 and 48: one pixel and two before the first.
        rows, columns = (np.arange(29) + 1) // 8, (np.arange(43) + 2) // 8
        np.testing.assert_array_equal(segments.masks[window].numpy(), labels[np.ix_(rows, columns)])
        for group, embedding in enumerate(segments.embedding[window]):
            members = patches[torch.from_numpy(labels == min(group, group if group <= labels.max() else 0))]
            torch.testing.assert_close(embedding, F.normalize(members.mean(dim=0), dim=0))


def test_groups_that_a_window_lacks_are_its_first_once_more() -> None:
    patches = F.normalize(torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)), dim=2)
    found = means(patches, torch.tensor([[0, 0, 1, 2], [0, 0, 0, 0]]))
    torch.testing.assert_close(found[1], F.normalize(patches[1].sum(dim=0), dim=0).expand(3, -1))
    torch.testing.assert_close(found[0, 1:], patches[0, 2:])


def test_the_scale_is_that_of_the_model_unless_it_is_said(model: open_clip.CLIP) -> None:
    assert network(model).scale == pytest.approx(model.logit_scale.exp().item())
    assert network(model, scale=40.0).scale == 40.0
    assert ClipNetwork(DenseTower(model.visual, "plain", "clip"), about(), 250.0).scale == 100.0


def test_bfloat16_is_near_single_precision(model: open_clip.CLIP) -> None:
    exact, reduced = network(model)(windows()), network(model, precision="bfloat16")(windows())
    assert reduced.embedding.dtype == reduced.image.dtype == torch.float32
    assert (exact.embedding * reduced.embedding).sum(dim=2).min() > 0.99
    assert not torch.equal(exact.embedding, reduced.embedding)


def test_a_file_is_opened_as_the_network_that_it_holds(model: open_clip.CLIP, tmp_path: Path) -> None:
    how = {"attention": "naclip", "clusters": 3, "connected": True, "scale": 40.0}
    save_clip(model.state_dict(), about(**how), tmp_path / "model.safetensors")
    loaded = load_network(tmp_path / "model.safetensors")
    for found, expected in zip(loaded(windows()), network(model, **how)(windows()), strict=True):
        assert torch.equal(found, expected)
    assert loaded.frame == FRAME
    assert loaded.text_mean.shape == (12,)
    assert loaded.background.shape == (0, 12)
    assert loaded.protocol == FRAME.protocol() | {
        "attention": "naclip",
        "groups": "3 clusters of patches a window, their connected pieces",
        "normalisation": "clip",
        "precision": "float32",
    }


def test_a_pixel_is_described_by_the_patches_of_all_windows_over_it(model: open_clip.CLIP) -> None:
    # Of the size of the canvas, so that nothing is resized: two windows, 16 pixels apart.
    image = windows(32, 48, count=1)[0].permute(1, 2, 0).numpy()
    (found,) = segment_images(network(model, attention="sclip"), [image])
    cuts = torch.from_numpy(np.stack([image[:, :32], image[:, 16:]])).permute(0, 3, 1, 2)
    dense = DenseTower(model.visual, "sclip", "clip")(cuts)
    left, right = dense.patches.detach().repeat_interleave(8, 1).repeat_interleave(8, 2)
    expected = torch.cat([left[:, :16], (left[:, 16:] + right[:, :16]) / 2, right[:, 16:]], dim=1)
    torch.testing.assert_close(torch.from_numpy(found.embedding[found.map]), expected)
    assert len(found.embedding) == 4 * 6
    image_mean = F.normalize(dense.image.detach().sum(dim=0), dim=0)
    torch.testing.assert_close(torch.from_numpy(found.image_embedding), image_mean)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clusters": -1}, "clusters must not be negative, but got -1"),
        ({"connected": True}, "connected needs clusters, but clusters is 0"),
        ({"scale": 0.0}, r"scale must lie in \(0, 100\], but got 0"),
        ({"steps": 0}, "steps must be positive, but got 0"),
        ({"masks": "pixels", "area": 1.0}, r"area must lie in \[0, 1\), but got 1"),
        ({"area": 0.1}, "area needs masks: pixels, but masks is clusters"),
    ],
)
def test_a_section_that_makes_no_sense(changes: dict[str, object], message: str) -> None:
    usual = {"name": NAME, "attention": "plain", "clusters": 0, "connected": False, "scale": None}
    with pytest.raises(ValueError, match=message):
        Clip(**{**usual, "normalisation": "clip", **changes})  # type: ignore[arg-type]

from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.transforms import Normalize
from torchvision.transforms.functional import convert_image_dtype

from groupseg.networks.groupvit.network import GroupViTNetwork, load_groupvit_network, normalise_as_imagenet
from groupseg.networks.groupvit.weights import save_groupvit
from groupseg.networks.protocol import Network
from tests.networks.groupvit.tiny import ABOUT, TINY, tiny_model


def windows(*size: int) -> torch.Tensor:
    return torch.randint(256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network() -> GroupViTNetwork:
    return GroupViTNetwork(tiny_model(), ABOUT.frame, "float32")


def test_normalising_equals_that_of_torchvision_with_the_figures_of_imagenet() -> None:
    images = windows(2, 3, 5, 7)
    wanted = Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(convert_image_dtype(images))
    torch.testing.assert_close(normalise_as_imagenet(images), wanted, atol=1e-5, rtol=0)


def test_it_is_a_network(network: Network) -> None:
    found = network(windows(2, 3, 64, 48))
    assert [tuple(part.shape) for part in found] == [(2, 3, 6), (2, 6), (2, 3, 4, 3)]
    assert {part.dtype for part in found} == {torch.float32}
    torch.testing.assert_close(found.embedding.norm(dim=2), torch.ones(2, 3))
    torch.testing.assert_close(found.image.norm(dim=1), torch.ones(2))
    np.testing.assert_array_equal(network.text_mean, np.zeros(6, np.float32))
    assert network.background.shape == (0, 6)
    assert 0 < network.scale <= 100


def test_it_says_how_it_is_run(network: GroupViTNetwork) -> None:
    assert network.frame == ABOUT.frame
    assert network.protocol == {
        **ABOUT.frame.protocol(), "normalisation": "mean and standard deviation of ImageNet", "precision": "float32"
    }  # fmt: skip


def test_what_a_file_says_is_what_is_run(network: GroupViTNetwork, tmp_path: Path) -> None:
    save_groupvit(tiny_model().state_dict(), ABOUT, tmp_path / "tiny.safetensors")
    loaded = load_groupvit_network(tmp_path / "tiny.safetensors")
    assert (loaded.frame, loaded.protocol, loaded.scale) == (network.frame, network.protocol, network.scale)
    images = windows(1, 3, 32, 80)
    for found, wanted in zip(loaded(images), network(images), strict=True):
        torch.testing.assert_close(found, wanted, atol=0, rtol=0)


def test_less_precision_changes_little_and_no_type(network: GroupViTNetwork) -> None:
    images = windows(1, 3, 64, 64)
    wanted, found = network(images), GroupViTNetwork(tiny_model(), ABOUT.frame, "bfloat16")(images)
    assert {part.dtype for part in found} == {torch.float32}
    assert not torch.equal(found.embedding, wanted.embedding)
    torch.testing.assert_close(found.embedding, wanted.embedding, atol=0.05, rtol=0)
    torch.testing.assert_close(found.masks, wanted.masks, atol=0.05, rtol=0)


def test_the_tiny_model_tells_images_apart(network: GroupViTNetwork) -> None:
    found = network(windows(2, 3, TINY.resolution, TINY.resolution))
    assert (found.embedding[0] - found.embedding[1]).abs().max() > 1e-3

"""Dense features against open_clip's image tower, and windows of any size against one that was made for them."""

import copy

import open_clip
import pytest
import torch
from torch.nn import functional as F

from groupseg.networks.clip.config import Attention
from groupseg.networks.clip.dense import STATISTICS, DenseTower, positions
from groupseg.networks.clip.weights import empty_clip
from tests.networks.clip.tiny import CONFIG, PATCH, tiny_clip, windows


@pytest.fixture(scope="module")
def model() -> open_clip.CLIP:
    return tiny_clip()


def normalised(images: torch.Tensor, which: str = "clip") -> torch.Tensor:
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in STATISTICS[which])  # type: ignore[index]
    return (images / 255 - mean) / std


def upstream(visual: torch.nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Image and patches as open_clip gives them, in the text space, L2-normalised."""
    before, visual.output_tokens = visual.output_tokens, True
    image, tokens = visual(images)
    visual.output_tokens = before
    return F.normalize(image, dim=1), F.normalize(tokens @ visual.proj, dim=2)


@pytest.mark.parametrize("normalisation", list(STATISTICS))
def test_plain_is_what_open_clip_says_of_patches_and_image(model: open_clip.CLIP, normalisation: str) -> None:
    dense = DenseTower(model.visual, "plain", normalisation)(windows())  # type: ignore[arg-type]
    image, patches = upstream(model.visual, normalised(windows(), normalisation))
    assert dense.patches.shape == (2, 4, 4, 12)
    torch.testing.assert_close(dense.image, image)
    torch.testing.assert_close(dense.patches.flatten(1, 2), patches)


def test_maskclip_is_a_direct_computation(model: open_clip.CLIP) -> None:
    visual = model.visual
    x = visual._embeds(normalised(windows()))
    for block in visual.transformer.resblocks[:-1]:
        x = block(x)
    last = visual.transformer.resblocks[-1]
    values = last.ln_1(x) @ last.attn.in_proj_weight[32:].T + last.attn.in_proj_bias[32:]
    y = x + values @ last.attn.out_proj.weight.T + last.attn.out_proj.bias
    y = y + last.mlp(last.ln_2(y))
    expected = F.normalize(visual.ln_post(y[:, 1:]) @ visual.proj, dim=2)
    dense = DenseTower(visual, "maskclip", "clip")(windows())
    torch.testing.assert_close(dense.patches.flatten(1, 2), expected)


@pytest.mark.parametrize("pool", ["tok", "avg"])
@pytest.mark.parametrize("attention", ["plain", "maskclip", "sclip", "clearclip", "naclip"])
def test_the_image_is_embedded_as_it_was_trained_whatever_the_patches_are(
    model: open_clip.CLIP, attention: Attention, pool: str
) -> None:
    visual = copy.deepcopy(model.visual)
    visual.pool_type = pool
    image, patches = upstream(visual, normalised(windows()))
    dense = DenseTower(visual, attention, "clip")(windows())
    torch.testing.assert_close(dense.image, image)
    assert torch.allclose(dense.patches.flatten(1, 2), patches, atol=1e-3) == (attention == "plain")


@pytest.mark.parametrize(("height", "width"), [(24, 40), (21, 30), (8, 8), (5, 33)])
def test_windows_of_any_size_are_padded_with_the_mean_and_have_positions_of_their_own(
    model: open_clip.CLIP, height: int, width: int
) -> None:
    tower, images = DenseTower(model.visual, "plain", "clip"), windows(height, width)
    grid = (-(-height // PATCH), -(-width // PATCH))
    size = (grid[0] * PATCH, grid[1] * PATCH)
    above, left = (size[0] - height) // 2, (size[1] - width) // 2
    padded = torch.zeros(2, 3, *size)
    padded[:, :, above : above + height, left : left + width] = normalised(images)
    other = open_clip.CLIP(**{**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], "image_size": size}}).visual.eval()
    other.load_state_dict({**model.visual.state_dict(), "positional_embedding": positions(model.visual, grid)})
    image, patches = upstream(other, padded)
    dense = tower(images)
    assert dense.patches.shape[1:3] == grid
    torch.testing.assert_close(dense.patches.flatten(1, 2), patches)
    torch.testing.assert_close(dense.image, image)
    rows, columns = tower.lookup(height, width)
    assert rows.tolist() == [(row + above) // PATCH for row in range(height)]
    assert columns.tolist() == [(column + left) // PATCH for column in range(width)]


def test_positions_keep_their_directions_and_the_class_token_its_own(model: open_clip.CLIP) -> None:
    visual = copy.deepcopy(model.visual)
    ramp = torch.arange(4.0).repeat_interleave(4).unsqueeze(1).expand(-1, 16)
    visual.positional_embedding = torch.nn.Parameter(torch.cat([torch.full((1, 16), 7.0), ramp]))
    assert positions(visual, (4, 4)) is visual.positional_embedding
    resized = positions(visual, (8, 3))
    assert torch.equal(resized[0], torch.full((16,), 7.0))
    rows = resized[1:].view(8, 3, 16)
    torch.testing.assert_close(rows, rows[:, :1, :1].expand(-1, 3, 16))
    assert (rows[1:, 0, 0] > rows[:-1, 0, 0]).all()


def test_windows_of_a_batch_do_not_touch_each_other(model: open_clip.CLIP) -> None:
    tower = DenseTower(model.visual, "naclip", "clip")
    together, alone = tower(windows(count=3)), tower(windows(count=3)[1:2])
    torch.testing.assert_close(together.patches[1:2], alone.patches)
    torch.testing.assert_close(together.image[1:2], alone.image)


def test_a_vit_of_its_real_size_is_read_at_its_own_size_as_open_clip_reads_it() -> None:
    visual = empty_clip("ViT-B-16-quickgelu").visual.to_empty(device="cpu").eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in visual.parameters():
            tensor.normal_(std=0.02, generator=generator)
    images = windows(224, 224, count=1)
    with torch.inference_mode():
        dense = DenseTower(visual, "plain", "clip")(images)
        image, patches = upstream(visual, normalised(images))
    assert dense.patches.shape == (1, 14, 14, 512)
    torch.testing.assert_close(dense.patches.flatten(1, 2), patches, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(dense.image, image, rtol=1e-4, atol=1e-5)

"""Against transformers' GroupViTModel, with random weights of the published layers."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import GroupViTModel

from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.text import GroupViTText
from tests.networks.groupvit.published import SMALLER

SIZES = [(224, 224), (448, 448), (448, 640)]


class Reference(NamedTuple):
    tokens: Tensor
    soft: tuple[Tensor, ...]
    segments: Tensor
    image: Tensor


def run(model: GroupViTModel, images: Tensor) -> Reference:
    """Goes through the inner modules: the public forward refuses all but 224x224."""
    inner = model.vision_model
    hidden = inner.embeddings(images, interpolate_pos_encoding=images.shape[2:] != (224, 224))
    encoded = inner.encoder(hidden, output_attentions=True)
    tokens = inner.layernorm(encoded.last_hidden_state)
    segments = model.visual_projection(tokens.flatten(0, 1)).unflatten(0, tokens.shape[:2])
    image = model.visual_projection(tokens.mean(dim=1))
    return Reference(tokens, encoded.attentions, F.normalize(segments, dim=2), F.normalize(image, dim=1))


def close(found: Tensor, wanted: Tensor, atol: float = 1e-4) -> None:
    torch.testing.assert_close(found, wanted, atol=atol, rtol=0)


@pytest.fixture(scope="module", params=SIZES, ids=str)
def case(request: pytest.FixtureRequest, theirs: GroupViTModel) -> tuple[Tensor, Reference]:
    images = torch.randn(1, 3, *request.param, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return images, run(theirs, images)


@torch.inference_mode()
def test_tokens_and_both_grouping_maps_equal_those_of_transformers(
    ours: GroupViT, case: tuple[Tensor, Reference]
) -> None:
    images, wanted = case
    found = ours.img_encoder(images)
    close(found.tokens, wanted.tokens)
    assert [soft.shape[1] for soft in found.soft] == [64, 8]
    for soft, attention in zip(found.soft, wanted.soft, strict=True):
        # The maps say something: patches choose different groups, and choose them clearly.
        assert len(attention.argmax(dim=1).unique()) > 3
        assert attention.max() > 0.5
        close(soft, attention)


@torch.inference_mode()
def test_segments_image_and_masks_equal_those_of_transformers(ours: GroupViT, case: tuple[Tensor, Reference]) -> None:
    images, wanted = case
    found = ours(images)
    close(found.segments, wanted.segments)
    close(found.image, wanted.image)
    # Step 2 of the official inference: [HW x 64] times [64 x 8].
    product = wanted.soft[0].transpose(1, 2) @ wanted.soft[1].transpose(1, 2)
    rows, columns = images.shape[2] // 16, images.shape[3] // 16
    close(found.masks, product.transpose(1, 2).reshape(1, 8, rows, columns))
    close(found.masks.sum(dim=1), torch.ones(1, rows, columns))


@torch.inference_mode()
def test_logits_of_images_and_texts_equal_those_of_transformers(ours: GroupViT, theirs: GroupViTModel) -> None:
    texts = ["a photo of a dog.", "cat", "my red lorry, a houseplant and a very old television on a trip"]
    encoder = GroupViTText(ours)
    tokens = encoder._tokenizer(texts)
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    wanted = theirs(input_ids=tokens, pixel_values=images)
    text = torch.from_numpy(encoder.encode(texts))
    close(text, wanted.text_embeds)
    close(ours.scale() * ours(images).image @ text.T, wanted.logits_per_image)


def test_groups_without_a_patch_are_there_too(ours: GroupViT) -> None:
    with torch.inference_mode():
        found = ours(torch.zeros(1, 3, 16, 16))
    assert found.segments.shape == (1, 8, SMALLER.space)
    assert found.masks.shape == (1, 8, 1, 1)
    close(found.segments.norm(dim=2), torch.ones(1, 8))


def test_what_is_left_of_whole_patches_is_cut_off(ours: GroupViT) -> None:
    images = torch.randn(1, 3, 70, 50)
    with torch.inference_mode():
        close(ours(images).segments, ours(images[:, :, :64, :48]).segments, atol=0)


def test_images_of_a_batch_do_not_meet(ours: GroupViT) -> None:
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        both, second = ours(images), ours(images[1:])
    close(both.segments[1:], second.segments, atol=1e-5)
    close(both.masks[1:], second.masks, atol=1e-5)


def test_the_scale_is_at_most_100(ours: GroupViT) -> None:
    assert ours.scale() == pytest.approx(20.0855, abs=1e-4)
    with torch.no_grad():
        ours.logit_scale.fill_(5.0)
    try:
        assert ours.scale() == 100.0
    finally:
        ours.logit_scale.detach().fill_(3.0)

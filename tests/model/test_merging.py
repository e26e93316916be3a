"""The second grouping stage, against a patch-by-patch reading of both assignments."""

import pytest
import torch

from groupseg.model.grouping import GroupingBlock
from tests.model.tiny import tiny_model


@pytest.mark.parametrize("feature", ["local", "contextual"])
def test_a_patch_goes_where_its_first_segment_goes(feature: str) -> None:
    model, images = tiny_model(tokens=6, merged=3, feature=feature), torch.randn(2, 3, 32, 32)
    groups = model(images)
    assert groups.segments.shape == (2, 3, 8)
    assert groups.logits.shape == (2, 3, 4, 4)
    assert model.merging is not None
    stages = {}
    model.grouping.register_forward_hook(lambda module, inputs, output: stages.__setitem__("first", output))
    model.merging.grouping.register_forward_hook(lambda module, inputs, output: stages.__setitem__("second", output))
    groups = model(images)
    first, second = stages["first"].hard.argmax(1), stages["second"].hard.argmax(1)
    for image in range(2):
        owner = second[image][first[image]]
        shares = torch.bincount(owner, minlength=3) / 16
        torch.testing.assert_close(groups.share[image], shares)
        assert torch.equal(groups.occupied[image], shares > 0)


def test_masks_are_the_product_of_both_soft_assignments() -> None:
    model, images = tiny_model(tokens=6, merged=3), torch.randn(1, 3, 32, 32)
    stages = {}
    assert model.merging is not None
    model.grouping.register_forward_hook(lambda module, inputs, output: stages.__setitem__("first", output))
    model.merging.grouping.register_forward_hook(lambda module, inputs, output: stages.__setitem__("second", output))
    groups = model(images)
    product = torch.einsum("mg,gl->ml", stages["second"].logits[0].softmax(0), stages["first"].logits[0].softmax(0))
    torch.testing.assert_close(groups.logits[0].softmax(0).flatten(1), product)


def test_mass_weighs_a_patch_as_if_it_stood_there_as_often() -> None:
    torch.manual_seed(0)
    block = GroupingBlock(16, 8, "local").eval()
    tokens, patches, local = torch.randn(1, 2, 16), torch.randn(1, 3, 16), torch.randn(1, 3, 16)
    mass = torch.tensor([[1.0, 2.0, 3.0]])
    often = torch.tensor([0, 1, 1, 2, 2, 2])
    grouping = block(tokens, patches, local, mass)
    repeated = block.describe(
        block.proj(
            (grouping.hard[:, :, often] / grouping.hard[:, :, often].sum(2, keepdim=True).clamp(min=1))
            @ block.v(block.norm_values(local))[:, often]
        )
    )
    torch.testing.assert_close(grouping.segments, repeated)


def test_one_stage_has_no_second() -> None:
    assert tiny_model(merged=0).merging is None

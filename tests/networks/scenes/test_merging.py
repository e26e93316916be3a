"""The second grouping stage, against a patch-by-patch reading of both assignments."""

import pytest
import torch

from groupseg.networks.scenes.grouping import Description, PatchGrouping
from tests.networks.scenes.tiny import tiny_model


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
    block, description = PatchGrouping(16, "local").eval(), Description(16, 8).eval()
    tokens, patches, local = torch.randn(1, 2, 16), torch.randn(1, 3, 16), torch.randn(1, 3, 16)
    mass = torch.tensor([[1.0, 2.0, 3.0]])
    often = torch.tensor([0, 1, 1, 2, 2, 2])
    grouping = block(tokens, patches, local, description, mass)
    repeated = description.describe(
        description.proj(
            (grouping.hard[:, :, often] / grouping.hard[:, :, often].sum(2, keepdim=True).clamp(min=1))
            @ description.values(local)[:, often]
        )
    )
    torch.testing.assert_close(grouping.segments, repeated)


def test_one_stage_has_no_second() -> None:
    model = tiny_model(merged=0)
    assert model.merging is None
    assert model(torch.randn(1, 3, 32, 32)).first is None


def test_the_second_stage_moves_nothing_that_the_first_one_sees_with() -> None:
    model = tiny_model(tokens=6, merged=3)
    groups = model(torch.randn(2, 3, 32, 32))
    (groups.segments.sum() + groups.image.sum() + groups.logits.sum()).backward()
    moved = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert not {name for name in moved if name.startswith(("trunk.", "blocks.", "grouping."))}
    assert {"description.v.weight", "merging.group_token"} <= moved


def test_the_first_stage_is_that_of_a_model_with_one() -> None:
    model, images = tiny_model(tokens=6, merged=3), torch.randn(2, 3, 32, 32)
    alone = tiny_model(tokens=6, merged=0)
    alone.load_state_dict({name: tensor for name, tensor in model.state_dict().items() if "merging" not in name})
    first, expected = model(images).first, alone(images)
    for name, value in expected._asdict().items():
        if name != "first":
            torch.testing.assert_close(getattr(first, name), value)

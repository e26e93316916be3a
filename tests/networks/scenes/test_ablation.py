"""Parts of the second stage that are left out: what then flows where."""

import pytest
import torch

from groupseg.networks.scenes.ablation import ABLATIONS, AblatedModel
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.model import SceneModel
from tests.networks.scenes.tiny import TINY

ARCHITECTURE = Architecture(**{**TINY, "tokens": 6, "merged": 3})


def ablated(part: str) -> AblatedModel:
    torch.manual_seed(0)
    return AblatedModel(ARCHITECTURE, *ABLATIONS[part]).train()


def moved(model: AblatedModel) -> set[str]:
    """The parts of a model that a loss on the segments of the second stage moves."""
    torch.manual_seed(1)
    groups = model(torch.randn(2, 3, 32, 32))
    assert type(groups.segments) is torch.Tensor  # a loss on it may be detached as any other
    groups.segments.square().sum().backward()
    weights = {name: weight for name, weight in model.named_parameters() if weight.grad is not None}
    return {".".join(name.split(".")[:2]) for name, weight in weights.items() if weight.grad.abs().sum() > 0}


def test_without_the_stop_gradients_reach_the_trunk_and_the_first_stage() -> None:
    assert not {name for name in moved(ablated("none")) if name.startswith(("trunk", "blocks", "grouping"))}
    assert {"trunk.0", "grouping.q", "blocks.0"} <= moved(ablated("detached"))


def test_without_the_same_description_the_second_stage_moves_its_own() -> None:
    assert "description.projector" in moved(ablated("none"))
    assert "merging.description" not in moved(ablated("none"))
    assert {"merging.description"} == {name for name in moved(ablated("description")) if "description" in name}


@pytest.mark.parametrize("part", ABLATIONS)
def test_losses_read_the_first_stage_unless_that_is_left_out(part: str) -> None:
    assert (ablated(part)(torch.randn(1, 3, 32, 32)).first is None) == (part in ("losses", "all"))


@pytest.mark.parametrize("part", ABLATIONS)
def test_nothing_but_gradients_and_descriptions_is_another(part: str) -> None:
    torch.manual_seed(0)
    whole, other, images = SceneModel(ARCHITECTURE).eval(), ablated(part).eval(), torch.randn(2, 3, 32, 32)
    assert other.load_state_dict(whole.state_dict(), strict=False).missing_keys == [
        name for name in other.state_dict() if name.startswith("merging.description")
    ]
    torch.testing.assert_close(other(images).logits.softmax(1).sum(1), torch.ones(2, 4, 4))
    if part not in ("description", "all"):
        assert torch.equal(other(images).segments, whole(images).segments)


def test_nothing_left_out_is_the_model_itself_from_the_first_weight_on() -> None:
    torch.manual_seed(0)
    whole, other = SceneModel(ARCHITECTURE).state_dict(), ablated("none").state_dict()
    assert whole.keys() == other.keys()
    assert all(torch.equal(weight, other[name]) for name, weight in whole.items())

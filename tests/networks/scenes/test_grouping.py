import pytest
import torch
from transformers import GroupViTVisionConfig
from transformers.models.groupvit.modeling_groupvit import GroupViTAssignAttention

from groupseg.networks.scenes.grouping import Description, PatchGrouping, hard_assignment

DIM, TEXT = 16, 8


def block(feature: str) -> tuple[PatchGrouping, Description]:
    torch.manual_seed(0)
    return PatchGrouping(DIM, feature).eval(), Description(DIM, TEXT).eval()  # type: ignore[arg-type]


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return (
        torch.randn(2, 5, DIM, generator=generator),
        torch.randn(2, 9, DIM, generator=generator),
        torch.randn(2, 9, DIM, generator=generator),
    )


def test_assignment_is_one_hot_with_the_gradient_of_the_softmax() -> None:
    logits = torch.randn(2, 3, 4, requires_grad=True)
    hard = hard_assignment(logits, noise=False)
    assert torch.equal(hard.detach().sum(1).round(), torch.ones(2, 4))
    assert torch.equal(hard.argmax(1), logits.argmax(1))
    weight = torch.randn(2, 3, 4)
    (gradient,) = torch.autograd.grad((hard * weight).sum(), logits)
    (expected,) = torch.autograd.grad((logits.softmax(1) * weight).sum(), logits)
    torch.testing.assert_close(gradient, expected)


def test_noise_draws_groups_with_the_chance_of_the_softmax() -> None:
    torch.manual_seed(0)
    logits = torch.log(torch.tensor([0.7, 0.2, 0.1]))[None, :, None].expand(1, 3, 20_000)
    drawn = hard_assignment(logits, noise=True).mean(dim=2)[0]
    torch.testing.assert_close(drawn, torch.tensor([0.7, 0.2, 0.1]), atol=0.015, rtol=0)


def test_contextual_feature_is_that_of_transformers_up_to_its_epsilon() -> None:
    (ours, description), (tokens, patches, local) = block("contextual"), inputs()
    theirs = GroupViTAssignAttention(GroupViTVisionConfig(hidden_size=DIM, assign_eps=1e-12)).eval()
    for name, linear in (("q_proj", ours.q), ("k_proj", ours.k), ("v_proj", description.v), ("proj", description.proj)):
        getattr(theirs, name).load_state_dict(linear.state_dict())
    # Theirs takes queries and keys as they are, and the values from the keys.
    ours.norm_tokens = ours.norm_x = description.norm_values = torch.nn.Identity()  # type: ignore[assignment]
    grouping = ours(tokens, patches, local, description)
    mean, soft = theirs(tokens, patches)
    torch.testing.assert_close(grouping.logits.softmax(1), soft)
    torch.testing.assert_close(grouping.segments, description.describe(tokens + mean))


def test_local_feature_is_the_mean_of_what_lies_under_a_segment() -> None:
    (ours, description), (tokens, patches, local) = block("local"), inputs()
    grouping = ours(tokens, patches, local, description)
    values = description.values(local)
    for image in range(2):
        for group in range(5):
            members = grouping.logits[image].argmax(0) == group
            assert torch.equal(grouping.hard[image, group] > 0.5, members)
            mean = values[image, members].mean(0) if members.any() else torch.zeros(DIM)
            torch.testing.assert_close(grouping.segments[image, group], description.describe(description.proj(mean)))


def test_local_masks_follow_the_mean_meaning_of_what_the_tokens_look_at() -> None:
    (ours, description), (tokens, patches, local) = block("local"), inputs()
    grouping = ours(tokens, patches, local, description)
    seeds = (ours.q(ours.norm_tokens(tokens)) @ ours.k(ours.norm_x(patches)).transpose(1, 2) / DIM**0.5).softmax(1)
    for image in range(2):
        unit = [patch / patch.norm() for patch in grouping.patches[image]]
        for group in range(5):
            centre = sum(weight * patch for weight, patch in zip(seeds[image, group], unit, strict=True))
            cosine = torch.stack([torch.cosine_similarity(centre, patch, dim=0) for patch in unit])
            torch.testing.assert_close(grouping.logits[image, group], 10 * cosine)


def test_only_the_contextual_feature_is_described_by_its_token() -> None:
    tokens, patches, local = inputs()
    moved = tokens + 1e-3 * torch.randn(tokens.shape, generator=torch.Generator().manual_seed(2))
    for feature, changes in (("local", False), ("contextual", True)):
        ours, description = block(feature)
        first, second = ours(tokens, patches, local, description), ours(moved, patches, local, description)
        assert torch.equal(first.logits.argmax(1), second.logits.argmax(1))
        assert torch.allclose(first.segments, second.segments, rtol=0, atol=1e-6) != changes


@pytest.mark.parametrize("feature", ["local", "contextual"])
def test_a_patch_alone_is_a_segment_of_one_patch(feature: str) -> None:
    (ours, description), (tokens, patches, local) = block(feature), inputs()
    whole = ours(tokens, patches, local, description).patches
    assert whole.shape == (2, 9, TEXT)
    alone = ours(tokens[:1], patches[:1, 3:4], local[:1, 3:4], description).patches
    torch.testing.assert_close(whole[:1, 3:4], alone)

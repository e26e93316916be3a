import pytest
import torch
from open_clip import ClipLoss
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.groupvit.training.losses import multi_label_loss


def vectors(*shape: int) -> Tensor:
    return F.normalize(torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(0)), dim=-1)


def by_hand(images: Tensor, prompts: Tensor, scale: float) -> float:
    """Soft cross-entropy pair by pair: targets 1/K on own prompts, 1 on the own image, 0 elsewhere."""
    count, each = prompts.shape[:2]
    to_prompts = to_images = 0.0
    for image in range(count):
        every = [(scale * images[image] @ prompts[owner, k]).exp() for owner in range(count) for k in range(each)]
        for k in range(each):
            chance = (scale * images[image] @ prompts[image, k]).exp() / sum(every)
            to_prompts -= chance.log().item() / each
            others = [(scale * prompts[image, k] @ images[other]).exp() for other in range(count)]
            to_images -= (others[image] / sum(others)).log().item()
    return (to_prompts / count + to_images / (count * each)) / 2


def test_the_multi_label_loss_is_that_of_its_description() -> None:
    images, prompts = vectors(5, 8), vectors(5, 3, 8)
    found = multi_label_loss(images, prompts, torch.tensor(7.0))
    assert found.item() == pytest.approx(by_hand(images, prompts, 7.0), rel=1e-10)


def test_with_one_prompt_it_is_the_loss_of_clip() -> None:
    images, prompts, scale = vectors(6, 8), vectors(6, 1, 8), torch.tensor(5.0)
    torch.testing.assert_close(multi_label_loss(images, prompts, scale), ClipLoss()(images, prompts[:, 0], scale))

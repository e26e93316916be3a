"""The losses of the background constraint: by loops over images and segments, and what their gradients change."""

import math
from typing import NamedTuple

import pytest
import torch
from torch.nn import functional as F

from groupseg.networks.scenes.training.constraint import area_loss, assign, background_loss, separation_loss


class Batch(NamedTuple):
    """What the losses are made from, at scale 5."""

    segments: torch.Tensor
    share: torch.Tensor
    nouns: torch.Tensor
    mentions: torch.Tensor
    background: torch.Tensor

    def losses(self, occupied: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        owned = torch.ones_like(self.share, dtype=torch.bool) if occupied is None else occupied
        found = assign(self.segments, self.nouns, self.background, torch.tensor(5.0))
        return {
            "background": background_loss(found, owned, self.share, self.mentions),
            "area": area_loss(found, self.share, self.mentions),
            "separation": separation_loss(found, self.segments, self.share, self.mentions),
        }

    def chances(self, image: int) -> list[torch.Tensor]:
        """Of each segment of an image, those of the background and of all nouns."""
        cosines = [(self.nouns @ segment, (self.background[0] @ segment).max()) for segment in self.segments[image]]
        return [(5 * torch.cat([nothing[None], cosine])).softmax(0) for cosine, nothing in cosines]


def batch(named: float, images: int = 3, groups: int = 4) -> Batch:
    """A batch of noise, each of whose captions names each of five nouns with some chance."""
    generator = torch.Generator().manual_seed(1)
    return Batch(
        segments=F.normalize(torch.randn(images, groups, 8, generator=generator), dim=2),
        nouns=F.normalize(torch.randn(5, 8, generator=generator), dim=1),
        background=torch.randn(1, 2, 8, generator=generator),
        mentions=torch.rand(images, 5, generator=generator) < named,
        share=torch.rand(images, groups, generator=generator).softmax(1),
    )


def background_by_hand(known: Batch) -> float:
    explained, found, named = 0.0, 0.0, 0
    for image, segments in enumerate(known.segments):
        chances = known.chances(image)
        for group, chance in enumerate(chances):
            candidates = chance[0] + chance[1:][known.mentions[image]].sum()
            explained -= known.share[image, group].item() * math.log(candidates)
        for noun in known.mentions[image].nonzero()[:, 0]:
            weight = (10 * segments @ known.nouns[noun]).softmax(0)
            found -= sum(w.item() * math.log(c[noun + 1]) for w, c in zip(weight, chances, strict=True))
            named += 1
    return explained / len(known.segments) + 3 * found / max(named, 1)


def area_by_hand(known: Batch) -> float:
    own, other = [], []
    spoken = {noun for mentions in known.mentions for noun, said in enumerate(mentions) if said}
    for image, mentions in enumerate(known.mentions):
        named = {noun for noun, said in enumerate(mentions) if said}
        areas = {"own": 0.0, "other": 0.0}
        for group, chance in enumerate(known.chances(image)):
            share = known.share[image, group].item()
            areas["own"] += share * sum(chance[noun + 1].item() for noun in named)
            areas["other"] += share * sum(chance[noun + 1].item() for noun in spoken - named)
        other.append(areas["other"])
        if named:
            own.append(areas["own"])
    return abs(sum(own) / max(len(own), 1) - 0.4) + sum(other) / len(other)


def separation_by_hand(known: Batch) -> float:
    alike = []
    for image, mentions in enumerate(known.mentions):
        foreground, background = torch.zeros(8), torch.zeros(8)
        for group, chance in enumerate(known.chances(image)):
            segment = known.share[image, group] * known.segments[image, group]
            foreground += segment * chance[1:][mentions].sum()
            background += segment * chance[0]
        if mentions.any():
            alike.append(max(0.0, F.cosine_similarity(foreground, background, dim=0).item()))
    return sum(alike) / max(len(alike), 1)


BY_HAND = {"background": background_by_hand, "area": area_by_hand, "separation": separation_by_hand}


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("named", [0.0, 0.2, 0.4, 1.0])
def test_a_loss_is_that_of_its_description(name: str, named: float) -> None:
    known = batch(named, images=6)
    assert known.losses()[name].item() == pytest.approx(BY_HAND[name](known), rel=1e-5)


def test_a_batch_has_a_caption_that_names_nothing_beside_others() -> None:
    # The case that the means must leave out is in the test above.
    assert batch(0.2, images=6).mentions.any(dim=1).unique().tolist() == [False, True]


def test_a_segment_without_patches_counts_for_nothing() -> None:
    known = batch(0.4, images=2, groups=3)
    share = torch.tensor([[0.5, 0.5, 0.0]]).expand(2, 3)
    whole = known._replace(share=share).losses(share > 0)
    part = known._replace(segments=known.segments[:, :2], share=share[:, :2]).losses()
    for name, loss in whole.items():
        torch.testing.assert_close(loss, part[name])


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("named", [0.0, 0.4])
def test_gradients_reach_segments_and_background_vectors(name: str, named: float) -> None:
    known = batch(named)
    known = known._replace(segments=known.segments.requires_grad_(), background=known.background.requires_grad_())
    known.losses()[name].backward()
    for tensor in (known.segments, known.background):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()
        # Where no caption names anything, all is to be background, and the two other losses have nothing to say.
        assert tensor.grad.any() == (bool(named) or name == "background")


def descended(known: Batch, name: str) -> Batch:
    """The batch after its segments and background vectors have followed the gradient of a loss."""
    segments, background = (tensor.clone().requires_grad_() for tensor in (known.segments, known.background))
    optimizer = torch.optim.Adam([segments, background], lr=0.03)
    for _ in range(200):
        optimizer.zero_grad()
        moved = known._replace(segments=F.normalize(segments, dim=2), background=background)
        moved.losses()[name].backward()
        optimizer.step()
    return known._replace(segments=F.normalize(segments, dim=2).detach(), background=background.detach())


def test_the_area_that_is_named_comes_to_four_tenths() -> None:
    known = descended(batch(0.4), "area")
    chances = assign(known.segments, known.nouns, known.background, torch.tensor(5.0))
    own = (chances.claimed(known.mentions) * known.share).sum(dim=1)
    assert own.mean().item() == pytest.approx(0.4, abs=0.02)
    assert known.losses()["area"] < 0.1


def test_foreground_and_background_come_apart() -> None:
    known = batch(0.4)
    towards = known._replace(segments=F.normalize(known.segments + known.segments.mean(dim=1, keepdim=True) * 4, dim=2))
    assert towards.losses()["separation"] > 0.5
    assert descended(towards, "separation").losses()["separation"] < 0.01

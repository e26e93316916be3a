"""The background learned from captions: by hand, and on images whose background is known."""

import math

import pytest
import torch
from torch.nn import functional as F

from groupseg.networks.scenes.training.background import learn_background
from groupseg.networks.scenes.training.corpus import centred
from groupseg.networks.scenes.training.losses import background_loss
from tests.networks.scenes.tiny import tiny_model
from tests.networks.scenes.training.tiny import tiny_corpus


def by_hand(
    segments: torch.Tensor, share: torch.Tensor, nouns: torch.Tensor, mentions: torch.Tensor, background: torch.Tensor
) -> float:
    """The loss, image by image and segment by segment, at scale 5."""
    explained, found, named = 0.0, 0.0, 0
    for image in range(len(segments)):
        chances, cosines = [], []
        for segment in segments[image]:
            unit = segment / segment.norm()
            cosine = nouns @ unit
            cosines.append(cosine)
            chances.append((5 * torch.cat([(background[0] @ unit).max()[None], cosine])).softmax(0))
        for group, chance in enumerate(chances):
            candidates = chance[0] + chance[1:][mentions[image]].sum()
            explained -= share[image, group].item() * math.log(candidates)
        for noun in mentions[image].nonzero()[:, 0]:
            weight = (10 * torch.stack(cosines)[:, noun]).softmax(0)
            found -= sum(w.item() * math.log(c[noun + 1]) for w, c in zip(weight, chances, strict=True))
            named += 1
    return explained / len(segments) + 3 * found / max(named, 1)


@pytest.mark.parametrize("named", [0.0, 0.4])
def test_the_loss_is_that_of_its_description(named: float) -> None:
    generator = torch.Generator().manual_seed(1)
    segments = F.normalize(torch.randn(3, 4, 8, generator=generator), dim=2)
    nouns = F.normalize(torch.randn(5, 8, generator=generator), dim=1)
    background = torch.randn(1, 2, 8, generator=generator)
    mentions = torch.rand(3, 5, generator=generator) < named
    share = torch.rand(3, 4, generator=generator).softmax(1)
    occupied = torch.ones(3, 4, dtype=torch.bool)
    loss = background_loss(segments, occupied, share, nouns, mentions, background, torch.tensor(5.0))
    assert loss.item() == pytest.approx(by_hand(segments, share, nouns, mentions, background), rel=1e-5)


def test_a_segment_without_patches_counts_for_nothing() -> None:
    generator = torch.Generator().manual_seed(2)
    segments = F.normalize(torch.randn(1, 3, 8, generator=generator), dim=2)
    nouns = F.normalize(torch.randn(4, 8, generator=generator), dim=1)
    mentions, background = torch.tensor([[True, False, False, False]]), torch.randn(1, 2, 8, generator=generator)
    occupied, share = torch.tensor([[True, True, False]]), torch.tensor([[0.5, 0.5, 0.0]])
    rest = nouns, mentions, background, torch.tensor(5.0)
    whole = background_loss(segments, occupied, share, *rest)
    part = background_loss(segments[:, :2], occupied[:, :2], share[:, :2], *rest)
    torch.testing.assert_close(whole, part)


def test_nothing_but_the_background_is_learned_and_twice_the_same() -> None:
    corpus = tiny_corpus()
    nouns = centred(corpus.nouns, corpus.nouns.mean(dim=0))
    first, second, untouched = tiny_model(), tiny_model(), tiny_model()
    learn_background(first, corpus, nouns, seed=3)
    learn_background(second, corpus, nouns, seed=3)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name
        assert torch.equal(tensor, untouched.state_dict()[name]) == (name != "background"), name

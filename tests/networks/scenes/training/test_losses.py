import torch
from torch.nn import functional as F

from groupseg.networks.scenes.training.losses import contrast, pooled_similarity


def test_contrast_of_a_diagonal_is_the_loss_of_clip() -> None:
    scores = torch.randn(6, 6, dtype=torch.double)
    target = torch.arange(6)
    clip = (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2
    torch.testing.assert_close(contrast(scores, torch.eye(6, dtype=torch.bool)), clip)


def test_contrast_leaves_other_positives_out() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(4, 5, generator=generator, dtype=torch.double)
    positive = torch.rand(4, 5, generator=generator) < 0.4
    total = 0.0
    for row, column in positive.nonzero().tolist():
        own = scores[row, column].exp()
        total += -(own / (own + scores[row][~positive[row]].exp().sum())).log()
        total += -(own / (own + scores[:, column][~positive[:, column]].exp().sum())).log()
    torch.testing.assert_close(contrast(scores, positive), total / (2 * positive.sum()))


def test_contrast_without_pairs_is_zero_and_has_a_gradient() -> None:
    scores = torch.randn(2, 3, requires_grad=True)
    loss = contrast(scores, torch.zeros(2, 3, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(scores.grad, torch.zeros(2, 3))


def test_contrast_where_everything_is_positive() -> None:
    scores = torch.randn(2, 2, requires_grad=True)
    loss = contrast(scores, torch.ones(2, 2, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(scores.grad).all()


def test_pooled_similarity_is_attention_over_occupied_segments() -> None:
    segments, texts = F.normalize(torch.randn(2, 4, 8), dim=2), F.normalize(torch.randn(3, 8), dim=1)
    occupied = torch.tensor([[True, True, False, True], [True, False, False, False]])
    pooled = pooled_similarity(segments, texts, occupied)
    for image in range(2):
        cosine = F.cosine_similarity(segments[image, occupied[image]][:, None], texts[None], dim=2)
        torch.testing.assert_close(pooled[image], (cosine * (10 * cosine).softmax(0)).sum(0))
    everything = pooled_similarity(segments, texts, torch.ones_like(occupied))
    torch.testing.assert_close(pooled_similarity(segments, texts), everything)

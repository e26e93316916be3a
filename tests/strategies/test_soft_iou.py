"""Soft mIoU and Lovász-softmax: both become the true mIoU, and the second is the reference on every single pixel."""

import numpy as np
import pytest
import torch
from torch import Tensor

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.strategies.scores import cosine
from groupseg.strategies.soft_iou import lovasz, one_thread, soft_miou
from tests.tables import random_case


def sharp_case(seed: int) -> tuple[Tensor, Tensor, float]:
    """Logits and pixels of segments that have one label each, and their mIoU."""
    case = random_case(seed, classes=1 + seed % 7, images=2, ignored=0.3)
    thresholds = np.random.default_rng(seed).uniform(0, 0.8, len(case.table.classes))
    logits = 1e9 * (cosine(case.table, case.vocabulary) - thresholds)
    labels = np.where(logits.max(axis=1) >= 0, logits.argmax(axis=1) + 1, 0)
    miou = summary(image_counts(case.table, labels))["miou"]
    return torch.tensor(logits), torch.tensor(case.table.histogram.toarray(), dtype=torch.float64), miou


def reference(shares: Tensor, labels: Tensor, kept: list[int]) -> Tensor:
    """The published algorithm on single pixels: shares [P, C + 1], labels [P], over the labels `kept`."""
    losses = []
    for label in kept:
        own = (labels == label).double()
        errors, order = (own - shares[:, label]).abs().sort(descending=True)
        sorted_own = own[order]
        intersection = sorted_own.sum() - sorted_own.cumsum(0)
        union = sorted_own.sum() + (1 - sorted_own).cumsum(0)
        jaccard = 1 - intersection / union
        jaccard[1:] = jaccard[1:] - jaccard[:-1].clone()
        losses.append(errors @ jaccard)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("seed", range(10))
def test_on_sharp_logits_both_are_the_true_miou(seed: int) -> None:
    logits, pixels, miou = sharp_case(seed)
    assert soft_miou(logits, pixels).item() == pytest.approx(miou, abs=1e-12)
    assert lovasz(logits, pixels).item() == pytest.approx(1 - miou, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_lovasz_is_the_reference_on_single_pixels(seed: int) -> None:
    random = np.random.default_rng(seed)
    segments, classes = int(random.integers(1, 12)), int(random.integers(1, 6))
    pixels = random.integers(0, 6, (segments, classes + 1)) * (random.random((segments, classes + 1)) < 0.5)
    pixels[0, 0] += 1
    logits = torch.tensor(random.normal(size=(segments, classes)) * 2, requires_grad=True)
    if seed % 2:  # ties
        logits = torch.tensor(np.round(logits.detach().numpy()), requires_grad=True)

    rows, labels = np.repeat(np.indices(pixels.shape).reshape(2, -1), pixels.ravel(), axis=1)
    full = torch.cat([torch.zeros(segments, 1, dtype=torch.float64), logits], dim=1).softmax(dim=1)
    shares = full[torch.tensor(rows)]
    kept = [label for label in range(classes + 1) if label in labels or shares[:, label].sum() >= 0.5]
    expected = reference(shares, torch.tensor(labels), kept)
    found = lovasz(logits, torch.tensor(pixels, dtype=torch.float64))
    assert found.item() == pytest.approx(expected.item(), abs=1e-12)
    if seed % 2 == 0:  # at a tie the surface has an edge
        slopes = [torch.autograd.grad(value, logits)[0].numpy() for value in (expected, found)]
        np.testing.assert_allclose(slopes[1], slopes[0], atol=1e-12)


def test_counts_beyond_single_precision_are_exact() -> None:
    # One pixel next to 2**25 others is lost in a float32 sum.
    logits = torch.tensor([[50.0], [-50.0], [-50.0]], dtype=torch.float32)
    pixels = torch.tensor([[0.0, 2**25], [2**25, 0.0], [1.0, 1.0]], dtype=torch.float32)
    expected = 1 - (2**25 / (2**25 + 1) + (2**25 + 1) / (2**25 + 2)) / 2
    assert lovasz(logits, pixels).item() == pytest.approx(expected, rel=1e-6)


def test_one_thread_puts_the_number_of_threads_back() -> None:
    before, found = torch.get_num_threads(), []
    torch.set_num_threads(3)
    try:
        with pytest.raises(ZeroDivisionError):
            _fail_on_one_thread(found)
        assert found == [1]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def _fail_on_one_thread(found: list[int]) -> None:
    with one_thread():
        found.append(torch.get_num_threads())
        raise ZeroDivisionError

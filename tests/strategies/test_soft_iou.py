"""Soft mIoU and Lovász-softmax: both become the true mIoU, and both have the slopes that PyTorch finds."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info, threadpool_limits
from torch import Tensor

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import iou_summary
from groupseg.segments.blocks import keep
from groupseg.strategies.lovasz import Lovasz
from groupseg.strategies.scores import cosine
from groupseg.strategies.soft_iou import Adam, LabelledPixels, Loss, SoftMiou, Watched, logit_slopes, one_thread, show
from tests.tables import random_case

Floats = NDArray[np.float32]


def slopes_of(loss: Loss, logits: Floats, pixels: csr_array, cut: int = 1) -> Floats:
    """Slopes of a loss of logits [S, C + 1], shown in blocks of two parts, or of one."""
    rows = [slice(0, len(logits) // cut), slice(len(logits) // cut, len(logits))] if cut > 1 else [slice(None)]
    with keep([*LabelledPixels.of(pixels[own]), logits[own]] for own in rows) as kept:
        show(loss, kept, lambda block: block)
        return np.concatenate([slopes for slopes, _ in logit_slopes(loss, kept, lambda block: block)])


def sharp_case(seed: int) -> tuple[Floats, csr_array, float]:
    """Logits and pixels of segments that have one label each, and their mIoU."""
    case = random_case(seed, classes=1 + seed % 7, images=2, ignored=0.3)
    thresholds = np.random.default_rng(seed).uniform(0, 0.8, len(case.table.classes))
    logits = 1e9 * (cosine(case.table, case.vocabulary) - thresholds)
    labels = np.where(logits.max(axis=1) >= 0, logits.argmax(axis=1) + 1, 0)
    miou = iou_summary(image_counts(case.table, labels))["miou"]
    return np.pad(logits, ((0, 0), (1, 0))).astype(np.float32), case.table.histogram, miou


def drawn(seed: int) -> tuple[Floats, csr_array]:
    """Logits and pixels of a few segments."""
    random = np.random.default_rng(seed)
    shape = int(random.integers(2, 12)), int(random.integers(2, 7))
    pixels = random.integers(0, 6, shape) * (random.random(shape) < 0.5)
    pixels[0, 0] += 1
    return (random.normal(size=shape) * 2).astype(np.float32), csr_array(pixels)


def soft_reference(logits: Tensor, pixels: Tensor) -> Tensor:
    """Minus the mIoU of shares, all segments in one."""
    shares = logits.softmax(dim=1)
    tp, truth = (shares * pixels).sum(dim=0), pixels.sum(dim=0)
    predicted = pixels.sum(dim=1) @ shares
    occurs = (truth > 0) | (predicted >= 0.5)
    return -(tp[occurs] / (truth + predicted - tp)[occurs]).mean()


def lovasz_reference(logits: Tensor, pixels: Tensor) -> Tensor:
    """The published algorithm, on single pixels."""
    rows, labels = np.repeat(np.indices(pixels.shape).reshape(2, -1), pixels.numpy().astype(int).ravel(), axis=1)
    shares, truth = logits.softmax(dim=1)[torch.tensor(rows)], torch.tensor(labels)
    losses = []
    for label in range(shares.shape[1]):
        own = (truth == label).double()
        if not own.any() and shares[:, label].sum() < 0.5:
            continue
        errors, order = (own - shares[:, label]).abs().sort(descending=True)
        sorted_own = own[order]
        jaccard = 1 - (sorted_own.sum() - sorted_own.cumsum(0)) / (sorted_own.sum() + (1 - sorted_own).cumsum(0))
        jaccard[1:] = jaccard[1:] - jaccard[:-1].clone()
        losses.append(errors @ jaccard)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("seed", range(10))
def test_on_sharp_logits_all_are_the_true_miou(seed: int) -> None:
    logits, pixels, miou = sharp_case(seed)
    table = random_case(seed, classes=1 + seed % 7, images=2, ignored=0.3).table
    soft, lovasz = SoftMiou(pixels.sum(axis=0)), Lovasz(pixels)
    hard = Watched(soft, table)
    slopes_of(hard, logits, pixels)
    slopes_of(lovasz, logits, pixels)
    assert -soft.value == pytest.approx(miou, abs=1e-6)
    assert 1 - lovasz.value == pytest.approx(miou, abs=1e-6)
    assert hard.miou == pytest.approx(miou, abs=1e-12)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["soft", "lovasz"])
def test_values_and_slopes_are_those_of_pytorch_in_one_block_and_in_two(kind: str, seed: int) -> None:
    logits, pixels = drawn(seed)
    free = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    value = {"soft": soft_reference, "lovasz": lovasz_reference}[kind](free, torch.tensor(pixels.toarray()).double())
    value.backward()
    for cut in (1, 2):
        loss = SoftMiou(pixels.sum(axis=0)) if kind == "soft" else Lovasz(pixels)
        found = slopes_of(loss, logits, pixels, cut)
        assert loss.value == pytest.approx(value.item(), abs=1e-6)
        np.testing.assert_allclose(found, free.grad, atol=1e-6)


def test_a_loss_can_be_shown_other_shares_again() -> None:
    logits, pixels = drawn(1)
    for loss in (SoftMiou(pixels.sum(axis=0)), Lovasz(pixels)):
        first = slopes_of(loss, logits, pixels, 2)
        slopes_of(loss, logits[::-1].copy(), pixels)
        np.testing.assert_array_equal(slopes_of(loss, logits, pixels, 2), first)


def test_counts_beyond_single_precision_are_exact() -> None:
    # One pixel next to 2**25 others is lost in a float32 sum.
    logits = np.array([[0, 50], [0, -50], [0, -50]], dtype=np.float32)
    loss = Lovasz(csr_array([[0, 2**25], [2**25, 0], [1, 1]]))
    slopes_of(loss, logits, csr_array([[0, 2**25], [2**25, 0], [1, 1]]))
    expected = 1 - (2**25 / (2**25 + 1) + (2**25 + 1) / (2**25 + 2)) / 2
    assert loss.value == pytest.approx(expected, rel=1e-6)


def test_steps_are_those_of_pytorch() -> None:
    values = np.random.default_rng(0).normal(size=7)
    theirs = torch.tensor(values.copy(), requires_grad=True)
    optimiser, ours = torch.optim.Adam([theirs], lr=0.1), Adam(values)
    for _ in range(20):
        optimiser.zero_grad()
        (theirs**4).sum().backward()
        optimiser.step()
        ours.step(4 * values**3, 0.1)
    np.testing.assert_allclose(values, theirs.detach(), atol=1e-9)


def test_one_thread_puts_the_number_of_threads_back() -> None:
    found: list[int] = []
    with threadpool_limits(3):
        before = threads()
        with pytest.raises(ZeroDivisionError):
            _fail_on_one_thread(found)
        assert set(found) == {1}
        assert threads() == before


def threads() -> list[int]:
    """Threads that each library of arithmetic may use."""
    return [pool["num_threads"] for pool in threadpool_info()]


def _fail_on_one_thread(found: list[int]) -> None:
    with one_thread():
        found.extend(threads())
        raise ZeroDivisionError

"""Descents against PyTorch, which holds all segments in one tensor and finds the gradient by itself."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from groupseg.segments import blocks
from groupseg.segments.table import SegmentTable
from groupseg.strategies.context import context_evidence
from groupseg.strategies.linear import SETTLING, ClassEvidence, Point, descend
from groupseg.strategies.soft_iou import SoftMiou
from tests.strategies.test_soft_iou import soft_reference
from tests.tables import Case, large_table, random_case

STEPS, RATE, SHRINKAGE = 12, 0.1, 0.01


def by_pytorch(table: SegmentTable, found: ClassEvidence, start: Point, mixed: bool) -> Iterator[Point]:
    stacked = np.concatenate([found.segments, found.images[:, found.image]]).astype(np.float64)
    seen, pixels = torch.tensor(stacked), torch.tensor(table.histogram.toarray()).double()
    present = pixels[:, 1:].sum(dim=0) > 0
    heat = torch.tensor(start.heat, dtype=torch.float64, requires_grad=True)
    mixture, free = (torch.tensor(values.copy(), requires_grad=True) for values in start[1:])
    optimiser = torch.optim.Adam([heat, free, *([mixture] if mixed else [])], lr=RATE)
    for step in range(STEPS):
        bias = torch.where(present, free, free[present].mean())
        logits = torch.einsum("k,ksc->sc", heat.exp() * mixture, seen) - bias
        padded = torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1)
        loss = SHRINKAGE * bias.var(correction=0) + soft_reference(padded, pixels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.param_groups[0]["lr"] = RATE * min(1, (STEPS - step) / (SETTLING * STEPS))
        optimiser.step()
        bias = torch.where(present, free, free[present].mean())
        yield Point(heat.item(), mixture.detach().numpy().copy(), bias.detach().numpy().copy())


def cases() -> Iterator[Case]:
    yield random_case(0, images=30, classes=5)
    table, words = large_table(1, segments=500, classes=6, images=40)
    pixels = table.histogram.toarray()
    pixels[:, 3] = 0  # a class that no image holds
    yield Case(SegmentTable(**{**vars(table), "histogram": csr_array(pixels)}), words, pixels, pixels)


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("case", cases(), ids=["all classes", "one absent"])
@pytest.mark.parametrize("size", [40, 10_000])
def test_every_step_is_that_of_pytorch(case: Case, mixed: bool, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "SEGMENTS", size)
    table, classes = case.table, len(case.table.classes)
    start = Point(1.0, np.array([1.0, 0.2, -0.1, 0.3]), np.linspace(0.3, 1, classes))
    made = partial(context_evidence, vocabulary=case.vocabulary)
    loss = SoftMiou(table.histogram.sum(axis=0))
    found = list(descend(table, made, loss, start, steps=STEPS, rate=RATE, shrinkage=SHRINKAGE, mixed=mixed))
    assert len(found) == STEPS + 1
    assert found[0] is start
    expected = by_pytorch(table, made(table), start, mixed)
    for ours, theirs in zip(found[1:], expected, strict=True):
        # Steps are of 0.1, even where a slope is little more than rounding.
        assert ours.heat == pytest.approx(theirs.heat, abs=0.01)
        np.testing.assert_allclose(ours.mixture, theirs.mixture, atol=0.01)
        np.testing.assert_allclose(ours.biases, theirs.biases, atol=0.01)


def test_without_a_pixel_of_any_class_nothing_moves() -> None:
    case = random_case(0)
    pixels = case.table.histogram.toarray() * [1, 0, 0, 0]
    table = SegmentTable(**{**vars(case.table), "histogram": csr_array(pixels)})
    start = Point(1.0, np.ones(4), np.ones(3))
    made = partial(context_evidence, vocabulary=case.vocabulary)
    loss = SoftMiou(table.histogram.sum(axis=0))
    found = list(descend(table, made, loss, start, steps=5, rate=RATE, shrinkage=SHRINKAGE, mixed=True))
    assert found == [start]

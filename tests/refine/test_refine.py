"""Refinement of masks against slow loops over pixels, and what holds for every one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.refine.guided import guided
from groupseg.refine.masks import refinement
from groupseg.refine.pamr import pamr
from groupseg.refine.settings import UNREFINED, Guided, Pamr, Refine
from tests.refine.slow import slow_guided, slow_pamr, soft_masks, windows
from tests.segments.networks import noise

CLOSE = {"rtol": 0, "atol": 1e-5}
REFINEMENTS = [
    Guided(radius=1, epsilon=1e-4), Guided(radius=4, epsilon=1e-2), Pamr(dilations=(1,), steps=1), Pamr(steps=3),
]  # fmt: skip


def refined(refine: Refine, window: NDArray[np.uint8], masks: Tensor) -> Tensor:
    run = refinement(refine, torch.from_numpy(window))
    assert run is not None
    return run(masks)


@settings(max_examples=40, deadline=None)
@given(windows(), st.sampled_from([(1,), (2, 1), (1, 3, 12)]), st.integers(1, 4))
def test_pamr_is_that_of_the_loops(window: NDArray[np.uint8], dilations: tuple[int, ...], steps: int) -> None:
    masks = soft_masks(window)
    found = pamr(torch.from_numpy(window), dilations, steps)(masks)
    np.testing.assert_allclose(found, slow_pamr(window, masks.double().numpy(), dilations, steps), **CLOSE)


@settings(max_examples=40, deadline=None)
@given(windows(), st.sampled_from([1, 2, 20]), st.sampled_from([1e-6, 1e-4, 1.0]))
def test_guided_is_that_of_the_loops(window: NDArray[np.uint8], radius: int, epsilon: float) -> None:
    masks = soft_masks(window)
    found = guided(torch.from_numpy(window), radius, epsilon)(masks)
    np.testing.assert_allclose(found, slow_guided(window, masks.double().numpy(), radius, epsilon), **CLOSE)


@pytest.mark.parametrize("side", [40, 97])
def test_defaults_on_a_picture_are_those_of_the_loops(side: int) -> None:
    window = noise((30, side), side).transpose(2, 0, 1)
    masks = soft_masks(window)
    exact = masks.double().numpy()
    np.testing.assert_allclose(refined(Pamr(), window, masks), slow_pamr(window, exact, Pamr().dilations, 10), **CLOSE)
    np.testing.assert_allclose(refined(Guided(), window, masks), slow_guided(window, exact, 8, 1e-4), **CLOSE)


@settings(max_examples=30, deadline=None)
@given(windows(), st.sampled_from(REFINEMENTS))
def test_sums_over_groups_and_constant_masks_stay(window: NDArray[np.uint8], refine: Refine) -> None:
    masks = soft_masks(window)
    masks[0] = 0.25
    masks[1:] *= 0.75 / masks[1:].sum(dim=0)
    found = refined(refine, window, masks)
    torch.testing.assert_close(found.sum(dim=0), torch.ones(window.shape[1:]), **CLOSE)
    torch.testing.assert_close(found[0], masks[0], **CLOSE)


@settings(max_examples=30, deadline=None)
@given(windows(), st.sampled_from(REFINEMENTS), st.permutations(range(4)))
def test_each_mask_is_refined_by_itself(window: NDArray[np.uint8], refine: Refine, order: list[int]) -> None:
    masks = soft_masks(window, groups=4)
    found = refined(refine, window, masks)
    torch.testing.assert_close(refined(refine, window, masks[order]), found[order], **CLOSE)
    torch.testing.assert_close(refined(refine, window, masks[:1]), found[:1], **CLOSE)


@settings(max_examples=30, deadline=None)
@given(windows(), st.sampled_from(REFINEMENTS), st.sampled_from([(1,), (2,), (1, 2)]))
def test_a_mirrored_window_has_mirrored_masks(window: NDArray[np.uint8], refine: Refine, axes: tuple[int, ...]) -> None:
    masks = soft_masks(window)
    found = refined(refine, np.flip(window, axes).copy(), masks.flip(axes))
    torch.testing.assert_close(found, refined(refine, window, masks).flip(axes), **CLOSE)


@pytest.mark.parametrize("refine", [Guided(), Pamr()])
def test_a_mask_moves_to_the_edge_between_two_colours(refine: Refine) -> None:
    # The network says that the edge lies at column 19, in the image it lies at column 21.
    window = np.zeros((3, 24, 40), dtype=np.uint8)
    window[:, :, 21:] = 200
    right = ((torch.arange(40) - 15) / 8).clamp(0, 1).repeat(24, 1)
    masks = torch.stack([1 - right, right])
    assert (masks.argmax(dim=0) == torch.arange(40).gt(19)).all()
    assert (refined(refine, window, masks).argmax(dim=0) == torch.arange(40).ge(21)).all()


@pytest.mark.parametrize("refine", REFINEMENTS)
def test_masks_of_any_size_are_brought_to_that_of_the_window(refine: Refine) -> None:
    window, masks = noise((12, 20), 0).transpose(2, 0, 1).copy(), torch.rand(3, 4, 5)
    full = F.interpolate(masks[None], size=(12, 20), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(refined(refine, window, masks), refined(refine, window, full), rtol=0, atol=0)


def test_none_does_nothing() -> None:
    assert refinement(UNREFINED, torch.zeros(3, 2, 2, dtype=torch.uint8)) is None

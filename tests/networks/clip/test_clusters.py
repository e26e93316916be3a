import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from scipy import ndimage

from groupseg.networks.clip.clusters import cluster, in_order, pieces

labels = npst.arrays(np.int64, npst.array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(0, 3))


def partition(map_: NDArray[np.int64]) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(map_ == label).tolist()) for label in np.unique(map_)}


@given(labels)
@settings(max_examples=50, deadline=None)
def test_pieces_are_those_of_scipy_label_by_label(map_: NDArray[np.int64]) -> None:
    expected, count = np.zeros(map_.shape, dtype=np.int64), 0
    for label in np.unique(map_):
        found, number = ndimage.label(map_ == label)
        expected[found > 0] = found[found > 0] + count
        count += number
    assert partition(pieces(map_)) == partition(expected)


@given(labels)
@settings(max_examples=50, deadline=None)
def test_numbers_follow_the_order_of_appearance(map_: NDArray[np.int64]) -> None:
    numbered = in_order(map_)
    seen: list[int] = list(dict.fromkeys(numbered.ravel().tolist()))
    assert seen == list(range(len(seen)))
    assert partition(numbered) == partition(map_)


def patches(map_: list[list[int]], spread: float) -> NDArray[np.float32]:
    """Unit vectors around as many directions as there are labels."""
    rng = np.random.default_rng(0)
    centres = np.eye(8)[np.array(map_)]
    drawn = centres + spread * rng.standard_normal(centres.shape)
    return (drawn / np.linalg.norm(drawn, axis=2, keepdims=True)).astype(np.float32)


def test_clusters_are_found_again() -> None:
    truth = [[0, 0, 1, 1], [0, 2, 2, 1], [3, 3, 2, 0]]
    assert cluster(patches(truth, 0.05), 4, connected=False).tolist() == truth


def test_connected_pieces_of_a_cluster_are_segments_of_their_own() -> None:
    truth = [[0, 0, 1, 1], [0, 2, 2, 1], [3, 3, 2, 0]]
    assert cluster(patches(truth, 0.05), 4, connected=True).tolist() == [[0, 0, 1, 1], [0, 2, 2, 1], [3, 3, 2, 4]]


@pytest.mark.parametrize("clusters", [3, 100])
def test_there_are_no_more_segments_than_distinct_patches(clusters: int) -> None:
    assert cluster(patches([[0, 0, 1], [1, 0, 1]], 0.0), clusters, connected=False).tolist() == [[0, 0, 1], [1, 0, 1]]


def test_the_same_patches_give_the_same_clusters() -> None:
    drawn = patches(np.random.default_rng(1).integers(0, 8, (14, 14)).tolist(), 0.6)
    first, again = (cluster(drawn, 12, connected=False) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.max() == 11

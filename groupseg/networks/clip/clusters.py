"""From patches to segments: k-means over the patches of a window, and the connected pieces of its clusters."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def cluster(patches: NDArray[np.float32], clusters: int, connected: bool) -> NDArray[np.int64]:
    """Gives each patch of a window to a segment.

    k-means with k-means++ and a fixed seed; on one thread, for the order of sums decides where patches are as far from
    one centre as from another.

    Args:
        patches: [h, w, D], L2-normalised.
        clusters: Segments at most, before they are taken to pieces.
        connected: Whether each 4-connected piece of a cluster is a segment of its own.

    Returns:
        [h, w], numbers 0..G-1 in the order in which segments appear row by row.
    """
    points = patches.reshape(-1, patches.shape[2])
    means = KMeans(min(clusters, len(points)), n_init=1, random_state=0)
    with threadpool_limits(1), warnings.catch_warnings():
        # Fewer distinct patches than clusters: then some clusters stay empty, and nothing is wrong.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = means.fit_predict(points).reshape(patches.shape[:2])
    return in_order(pieces(labels) if connected else labels)


def pieces(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Numbers the 4-connected pieces of equal labels, [h, w]."""
    cells = np.arange(labels.size).reshape(labels.shape)
    beside, below = labels[:, 1:] == labels[:, :-1], labels[1:] == labels[:-1]
    start = np.concatenate([cells[:, :-1][beside], cells[:-1][below]])
    end = np.concatenate([cells[:, 1:][beside], cells[1:][below]])
    graph = csr_array((np.ones(len(start), bool), (start, end)), shape=(labels.size, labels.size))
    _, found = connected_components(graph, directed=False)
    return found.reshape(labels.shape).astype(np.int64)


def in_order(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Numbers labels anew, 0, 1, 2 and so on as they appear row by row; the shape stays."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[inverse].reshape(labels.shape).astype(np.int64)

"""What tells whether the best class of a segment is right, besides its score."""

import numpy as np

from groupseg.array_types import Labels
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.scores import Scores, checked_scores, cosine, image_cosine, image_max, softmax_rows

FEATURES = (
    "score",  # of the candidate
    "margin",  # cosine of the candidate above that of the best other class
    "log_softmax",  # of the candidate
    "entropy",  # of the softmax over classes, in nats
    "log_area",  # logarithm of the share of the image that the segment has
    "log_class_area",  # the same of all segments of the image with this candidate
    "image_cosine",  # of the candidate and the whole image
    "log_image_rank",  # logarithm of 1 + how many classes the whole image is nearer to
    "segments",  # in the image
    "rank",  # how many segments of the image score higher
    "below_best",  # score below the highest of the image
)


def segment_features(score: str, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
    """Finds candidates and describes them.

    Args:
        score: A key of `SCORES`, by which segments choose their class.
        table: The segments.
        vocabulary: The C classes.

    Returns:
        The best class of each segment, [S] int32 in 1..C, and `FEATURES`, [S, F] float64.

    Raises:
        UserError: If a score is not finite.
    """
    scores = checked_scores(score, table, vocabulary)
    best, candidate = scores.max(axis=1), scores.argmax(axis=1)
    row, images = np.arange(len(candidate)), len(table.keys)
    cosines = cosine(table, vocabulary)
    others = cosines.copy()
    others[row, candidate] = -np.inf
    # With one class there is no other; a cosine is never below -1.
    second = np.maximum(others.max(axis=1), -1)
    shares = np.maximum(softmax_rows(table.scale * cosines), np.finfo(np.float64).tiny)

    area = np.maximum(table.area, 1)
    share = area / np.bincount(table.image, area, images)[table.image]
    same = table.image.astype(np.int64) * len(table.classes) + candidate
    class_share = np.bincount(same, share)[same] if len(same) else share
    nearness = image_cosine(table, vocabulary)
    own_nearness = nearness[table.image, candidate]
    nearer = (nearness[table.image] > own_nearness[:, None]).sum(axis=1)
    columns = {
        "score": best,
        "margin": cosines[row, candidate] - second,
        "log_softmax": np.log(shares[row, candidate]),
        "entropy": -(shares * np.log(shares)).sum(axis=1),
        "log_area": np.log(share),
        "log_class_area": np.log(class_share),
        "image_cosine": own_nearness,
        "log_image_rank": np.log1p(nearer),
        "segments": np.bincount(table.image, minlength=images)[table.image],
        "rank": _rank(best, table),
        "below_best": image_max(best, table)[table.image] - best,
    }
    return candidate.astype(np.int32) + 1, np.stack([columns[name] for name in FEATURES], axis=1)


def _rank(score: Scores, table: SegmentTable) -> Scores:
    """How many segments of the same image score higher, [S]; equal scores have equal ranks."""
    order = np.lexsort((-score, table.image))
    image, falling = table.image[order], score[order]
    first = np.searchsorted(image, image)
    place = np.arange(len(order))
    new = (np.diff(falling, prepend=np.inf) != 0) | (place == first)
    rank = np.empty(len(order))
    rank[order] = np.maximum.accumulate(np.where(new, place, 0)) - first
    return rank

"""Folds of images that are calibrated on and judged in turn."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.notes import counted

# How many folds there are where there is a choice: more leave more to calibrate on.
_CHOICE = (5, 4, 3, 2)


def image_folds(keys: Sequence[str], folds: int) -> NDArray[np.int64]:
    """Returns the fold of each image, [N] int64 in 0..folds-1: a hash of its key, so that no other image matters."""
    numbers = [int.from_bytes(sha256(key.encode()).digest()[:8]) % folds for key in keys]
    return np.array(numbers, dtype=np.int64)


def are_enough(keys: Sequence[str], folds: int) -> bool:
    """Whether some of the labelled images `keys` lie in fold 0, which the studies judge, and some outside each fold."""
    found = set(image_folds(keys, folds).tolist())
    return 0 in found and len(found) > 1


def choose_folds(keys: Sequence[str]) -> int | None:
    """Returns the largest number of folds up to 5 that labelled images are enough for; None where there is none."""
    return next((folds for folds in _CHOICE if are_enough(keys, folds)), None)


def too_few(keys: Sequence[str]) -> str:
    """Goes on from a number of folds that the labelled images `keys` are not enough for: why, and what to do."""
    folds = choose_folds(keys)
    remedy = f"Set source.crossfit: {folds}, or add images." if folds else "Add images."
    return f"leaves none to judge or to calibrate on, of {counted(len(keys), 'labelled image')}. {remedy}"

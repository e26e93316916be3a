"""Prepared data sets that have no images to spare for calibration: `test` is all there is, in folds.

Apart from `shards.py`, which training reads its captions with: what is added here trains no model again.
"""

from pathlib import Path

from groupseg.files import read_json


def read_crossfit(folder: Path) -> int:
    """Returns in how many folds the test images of a prepared data set are calibrated and judged in turn.

    Returns:
        2 or more; 0 where there is a calib split, as usual.

    Raises:
        UserError: If `folder` holds no prepared data set.
    """
    return int(read_json(folder / "classes.json").get("crossfit", 0))

"""Which test images the explorer shows, by a rule that looks at gains and at rare classes."""

import numpy as np
from numpy.typing import NDArray

from groupseg.report.album import by_gain, extremes


def choose_images(
    right: NDArray[np.float64], pixels: NDArray[np.int64], classes: tuple[str, ...], count: int
) -> dict[int, str]:
    """Chooses images: a sixth each gain most, gain least and lie in the middle, the others show what is rare.

    Args:
        right: [N, 2] float64, share of pixels that baseline and strategy have right, NaN where unknown.
        pixels: [N, C + 1] int64, true pixels of each label in each image.
        classes: Names of the C classes.
        count: How many images, at least 1.

    Returns:
        Rows of at most `count` images, and why each was chosen.
    """
    each = max(count // 6, 1)
    order = by_gain(right) or list(range(len(right)))
    gains, losses = extremes(right, 2 * each)
    middle = order[max((len(order) - each) // 2, 0) :][:each]
    found: dict[int, str] = {}
    reasons = {"among the largest gains": gains, "a middling gain": middle, "among the largest losses": losses}
    for reason, rows in reasons.items():
        for row in rows:
            found.setdefault(row, reason)
    found |= _rare(pixels, classes, list(found))
    # Where all classes are shown, the rest is spread over all gains.
    spread: list[int] = np.linspace(0, len(order) - 1, count).round().astype(int).tolist()
    for place in [*spread, *range(len(order))]:
        found.setdefault(order[place], "from all gains, evenly spread")
    return dict(list(found.items())[:count])


def _rare(pixels: NDArray[np.int64], classes: tuple[str, ...], shown: list[int]) -> dict[int, str]:
    """Goes from the rarest class up, and adds for each that no image shows yet the one with most of its pixels."""
    total = pixels.sum(axis=0)
    seen = pixels[shown].sum(axis=0) > 0
    found: dict[int, str] = {}
    for label in np.argsort(total[1:], kind="stable") + 1:
        if total[label] and not seen[label]:
            row = int(pixels[:, label].argmax())
            seen |= pixels[row] > 0
            found[row] = f"shows the rare class {classes[label - 1]}"
    return found

"""Colours of labels, the same in every picture."""

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def palette(classes: int) -> NDArray[np.uint8]:
    """Returns the colours of labels, the same for a label whatever the number of classes.

    They are those of PASCAL VOC, lighter, since several of them can hardly be told from the black of the background.

    Args:
        classes: Number of classes without background.

    Returns:
        [classes + 2, 3] uint8: black for the background, the classes, and white for ignored pixels.
    """
    labels = np.arange(1, classes + 1)
    # The bits of a label, three at a time: the lowest decide the highest bits of red, green and blue.
    channels = [sum((labels >> (3 * place + channel) & 1) << (7 - place) for place in range(8)) for channel in range(3)]
    lighter = 64 + 3 * np.stack(channels, axis=-1) // 4
    return np.concatenate([[(0, 0, 0)], lighter, [(255, 255, 255)]]).astype(np.uint8)


def paint(labels: NDArray[np.int32], classes: int) -> NDArray[np.uint8]:
    """Colours a label map.

    Args:
        labels: [H, W] int32, labels in 0..classes; anything above is ignored pixels, which become white.
        classes: Number of classes without background.

    Returns:
        [H, W, 3] uint8.
    """
    return palette(classes)[np.minimum(labels, classes + 1)]

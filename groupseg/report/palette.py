"""Colours of labels, the same in every picture."""

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def palette(classes: int) -> NDArray[np.uint8]:
    """Chooses colours for labels, the same for a label whatever the number of classes.

    Each colour is the one that differs most from black, white and all before it (Glasbey et al. 2007).

    Args:
        classes: Number of classes without background.

    Returns:
        [classes + 2, 3] uint8: black for the background, the classes, and white for ignored pixels.
    """
    steps = np.linspace(0, 255, 18).round()
    colours = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = _lab(colours / 255)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    # Neither so dark nor so pale that it is taken for background or ignored, neither grey nor glaring.
    fit = (lab[:, 0] > 35) & (lab[:, 0] < 88) & (chroma > 25) & (chroma < 80)
    colours, lab = colours[fit], lab[fit]
    chosen = [np.zeros(3), np.full(3, 255.0)]
    distance = np.min([np.linalg.norm(lab - _lab(colour / 255), axis=1) for colour in chosen], axis=0)
    for _ in range(classes):
        best = int(distance.argmax())
        chosen.append(colours[best])
        distance = np.minimum(distance, np.linalg.norm(lab - lab[best], axis=1))
    black, white, *rest = chosen
    return np.array([black, *rest, white]).astype(np.uint8)


def paint(labels: NDArray[np.int32], classes: int) -> NDArray[np.uint8]:
    """Colours a label map.

    Args:
        labels: [H, W] int32, labels in 0..classes; anything above is ignored pixels, which become white.
        classes: Number of classes without background.

    Returns:
        [H, W, 3] uint8.
    """
    return palette(classes)[np.minimum(labels, classes + 1)]


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turns sRGB colours [..., 3] in 0..1 into CIELAB, in which distances are about as large as they look."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / to_xyz.sum(axis=1)
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)

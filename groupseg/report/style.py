"""Colours and the one way in which figures are written."""

from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from groupseg.files import atomic_path
from groupseg.report.results import BASELINE

INK, QUIET, LINE = "#1f2328", "#6b7280", "#d7dbe0"
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.parse_math": False,  # a class may have a dollar sign in its name
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eceef1",
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "legend.frameon": False,
}
DPI = 150

# Okabe and Ito (2008), told apart by all kinds of colour vision; shapes differ where colours return.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("s", "D", "^", "o", "v", "P", "X")


def styled() -> AbstractContextManager[None]:
    """Figures drawn within it look alike, whatever a user's matplotlibrc says."""
    return style.context(_STYLE, after_reset=True)


def look(strategies: list[str]) -> dict[str, tuple[str, str]]:
    """Gives each strategy a colour and the shape of its mark; the baseline is a grey dot."""
    others = [name for name in strategies if name != BASELINE]
    looks = {BASELINE: ("#7a7f87", "o")}
    for index, name in enumerate(others):
        looks[name] = (_COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)])
    return looks


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


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turns sRGB colours [..., 3] in 0..1 into CIELAB, in which distances are about as large as they look."""
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / to_xyz.sum(axis=1)
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def paint(labels: NDArray[np.int32], classes: int) -> NDArray[np.uint8]:
    """Colours a label map.

    Args:
        labels: [H, W] int32, labels in 0..classes; anything above is ignored pixels, which become white.
        classes: Number of classes without background.

    Returns:
        [H, W, 3] uint8.
    """
    return palette(classes)[np.minimum(labels, classes + 1)]


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG of 256 colours, which are enough; equal figures are equal bytes.

    Raises:
        UserError: If the file cannot be written.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
    image = Image.fromarray(np.ascontiguousarray(pixels)).quantize(
        256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    with atomic_path(path) as temporary:
        image.save(temporary, "PNG", optimize=True)

"""Colours and the one way in which figures are written."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from groupseg.files import atomic_path
from groupseg.report.results import BASELINE, DatasetResults

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
# Colours that a chart has at most, anti-aliased letters and lines included; pictures have more.
_CHART = 2**14

# Okabe and Ito (2008), told apart by all kinds of colour vision.
BEST, WORSE, COLOURS = "#0072B2", "#D55E00", ("#CC79A7", "#E69F00", "#56B4E9")
_BASELINE = "#7a7f87"
# Strategies that figures single out, since others are measured by them.
_KNOWN = {"global": ("#D55E00", "D"), "cosine": ("#009E73", "^")}
_MARKERS = ("v", "P", "X")

# A loss, no difference, a gain; in steps, since files hold 256 colours in all.
DIVERGING = LinearSegmentedColormap.from_list(
    "diverging", ["#A34700", "#F0B98D", "#FBFBFB", "#8DBEDD", "#004F80"], N=41
)


def styled() -> AbstractContextManager[None]:
    """Figures drawn within it look alike, whatever a user's matplotlibrc says."""
    return style.context(_STYLE, after_reset=True)


def roles(dataset: DatasetResults) -> dict[str, tuple[str, str]]:
    """Gives the strategies that figures single out a colour and the shape of a mark, the same in every figure.

    The baseline is a grey dot, the best strategy a blue square; all that are not named are drawn in grey.
    """
    looks = _KNOWN | {dataset.best: (BEST, "s")} | {BASELINE: (_BASELINE, "o")}
    return {name: look for name, look in looks.items() if name in dataset.strategies}


def series(names: Sequence[str], dataset: DatasetResults) -> dict[str, tuple[str, str]]:
    """Gives each of a few lines a colour and the shape of a mark: that of its role, or one of those that are left."""
    known = roles(dataset)
    others = [name for name in dict.fromkeys(names) if name not in known]
    left = {name: (COLOURS[index % len(COLOURS)], _MARKERS[index % len(_MARKERS)]) for index, name in enumerate(others)}
    return {name: known.get(name) or left[name] for name in dict.fromkeys(names)}


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
    image = Image.fromarray(np.ascontiguousarray(pixels))
    # A chart has few colours, and those of thin lines must stay as they are; in pictures the commonest count.
    chart = image.getcolors(_CHART) is not None
    method = Image.Quantize.MAXCOVERAGE if chart else Image.Quantize.MEDIANCUT
    image = image.quantize(256, method, dither=Image.Dither.NONE)
    with atomic_path(path) as temporary:
        image.save(temporary, "PNG")

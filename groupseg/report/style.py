"""The look of figures, and the one way in which they are written."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

from groupseg.files import atomic_path
from groupseg.report.results import DatasetResults

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
    looks = _KNOWN | {dataset.best: (BEST, "s")} | {dataset.baseline: (_BASELINE, "o")}
    return {name: look for name, look in looks.items() if name in dataset.strategies}


def series(names: Sequence[str], dataset: DatasetResults) -> dict[str, tuple[str, str]]:
    """Gives each of a few lines a colour and the shape of a mark: that of its role, or one of those that are left."""
    known = roles(dataset)
    others = [name for name in dict.fromkeys(names) if name not in known]
    left = {name: (COLOURS[index % len(COLOURS)], _MARKERS[index % len(_MARKERS)]) for index, name in enumerate(others)}
    return {name: known.get(name) or left[name] for name in dict.fromkeys(names)}


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

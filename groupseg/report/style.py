"""The look of figures, and the one way in which they are written."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from groupseg.io.files import atomic_path
from groupseg.report.results import DatasetResults

P = ParamSpec("P")
T = TypeVar("T")

INK, QUIET, LINE = "#1f2328", "#6b7280", "#d7dbe0"
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": "DejaVu Sans",
    "font.size": 8.5,
    "text.parse_math": False,  # a class may have a dollar sign in its name
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # else all that is above the axes is measured for it
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eceef1",
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "legend.frameon": False,
    # Letters stay letters, in a font of the reader's: to draw them costs more than all else in a figure.
    "svg.fonttype": "none",
    # Names within the file must not change from one run to the next.
    "svg.hashsalt": "groupseg",
}
# Inches.
WIDTH = 9.6

# Okabe and Ito (2008), told apart by all kinds of colour vision.
BEST, WORSE, COLOURS = "#0072B2", "#D55E00", ("#CC79A7", "#E69F00", "#56B4E9")
_BASELINE = "#7a7f87"
# Strategies that figures single out, since others are measured by them.
_KNOWN = {"global": ("#D55E00", "D"), "cosine": ("#009E73", "^")}
_MARKERS = ("v", "P", "X")

# A loss, no difference, a gain.
DIVERGING = LinearSegmentedColormap.from_list("diverging", ["#A34700", "#F0B98D", "#FBFBFB", "#8DBEDD", "#004F80"])


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Lets figures look alike, whatever a user's matplotlibrc says: goes around what draws or writes one."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> T:
        with style.context(_STYLE, after_reset=True):
            return draw(*args, **kwargs)

    return drawn


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


def set_margins(
    figure: Figure, left: float, bottom: float, right: float = 0.1, top: float = 0.5, **gaps: float
) -> None:
    """Places the panels of a figure: margins in inches, `wspace` and `hspace` between panels in parts of a panel.

    A layout engine would find margins itself, but draws everything twice to do so. Ticks are few, since each is five
    things to draw.
    """
    for axes in figure.axes:
        axes.locator_params(nbins=5)
    wide, tall = figure.get_size_inches()
    figure.subplots_adjust(left / wide, bottom / tall, 1 - right / wide, 1 - top / tall, **gaps)


def width_beside(left: float, panels: int) -> float:
    """Inches of a figure with panels side by side, right of a margin: more than `WIDTH` where they would be narrow."""
    return max(WIDTH, left + 2.3 * panels)


def name_rows(axes: Axes, names: Sequence[str], **text: Any) -> None:
    """Writes names left of the rows 0, 1, ... of a chart, without ticks."""
    axes.set_yticks([])
    place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for row, name in enumerate(names):
        axes.text(-0.01, row, name, **{**place, **text})


def name_columns(axes: Axes, names: Sequence[str]) -> None:
    """Writes names upright above the columns 0, 1, ... of a chart, without ticks."""
    axes.set_xticks([])
    for column, name in enumerate(names):
        axes.text(column, 1.01, name, transform=axes.get_xaxis_transform(), rotation=90, ha="center", va="bottom")


@styled
def save_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as SVG; equal figures are equal bytes.

    Raises:
        UserError: If the file cannot be written.
    """
    with atomic_path(path) as temporary:
        FigureCanvasSVG(figure).print_svg(temporary, metadata={"Date": None})  # type: ignore[no-untyped-call]

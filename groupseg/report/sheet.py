"""A sheet of small pictures: for each strategy the image where it wins most, and the one where it loses most."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from groupseg.report.album import Album, extremes
from groupseg.report.grid import tiles
from groupseg.report.results import DatasetResults
from groupseg.report.style import INK, QUIET, styled
from groupseg.report.tables import percent, signed

CELL = 72
_GAP, _MIDDLE, _NAMES, _LINE, _HEADING, _MARGIN, _FOOT = 4, 20, 172, 20, 40, 8, 16
# Image, truth, baseline and strategy of an example; its oracle stays out.
_SHOWN = 4
_BLOCK = _SHOWN * CELL + (_SHOWN - 1) * _GAP
_LEFT = (_MARGIN + _NAMES, _MARGIN + _NAMES + _BLOCK + _MIDDLE)
WIDTH = _LEFT[1] + _BLOCK + _MARGIN
_DPI = 100
# As many as fit under the pictures of an example.
_LETTERS = 54


def sheet_figure(dataset: DatasetResults, album: Album) -> Figure:
    """Draws a row for each strategy but the baseline, in the order of the results; all measures are pixels."""
    names = [name for name in dataset.ranking if name != dataset.baseline]
    height = _HEADING + len(names) * (CELL + _LINE) + _FOOT
    canvas = np.full((height, WIDTH, 3), 255, dtype=np.uint8)
    texts: list[tuple[float, float, str, dict[str, Any]]] = []
    for left, title in zip(_LEFT, ("wins most", "loses most"), strict=True):
        texts.append((left, 8, title, {"size": 8.5, "weight": "bold"}))
        for place, column in enumerate(("image", "ground truth", dataset.baseline, "strategy")):
            texts.append((left + place * (CELL + _GAP), 24, column, {"size": 7, "color": QUIET}))
    for index, name in enumerate(names):
        top = _HEADING + index * (CELL + _LINE)
        figures = dataset.strategies[name]
        miou = f"mIoU {percent(figures['miou'])} % ({signed(figures['difference_to_baseline'])})"
        texts.append((_MARGIN, top + 4, name, {"size": 8, "weight": "bold"}))
        texts.append((_MARGIN, top + 20, miou, {"size": 7, "color": QUIET}))
        for left, rows in zip(_LEFT, extremes(album.right(name), 2), strict=True):
            note = _place(canvas, album, name, rows, left, top) if rows else "none"
            texts.append((left, top + (CELL + 3 if rows else 4), note, {"size": 7, "color": QUIET}))
    texts.append((WIDTH - _MARGIN, height - 12, dataset.credit, {"size": 7, "color": QUIET, "ha": "right"}))
    with styled():
        figure = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI)
        figure.figimage(canvas)
        for x, y, text, style in texts:
            figure.text(x / WIDTH, 1 - y / height, text, **{"va": "top", "color": INK, **style})
    return figure


def _place(canvas: NDArray[np.uint8], album: Album, name: str, rows: list[int], left: int, top: int) -> str:
    """Puts the pictures of the first row onto the canvas, with a hairline around them, and returns what to note."""
    example = album.example(rows[0], name)
    for column, picture in enumerate(tiles(example, album.classes, CELL)[:_SHOWN]):
        x, (height, width) = left + column * (CELL + _GAP), picture.shape[:2]
        canvas[top - 1 : top + height + 1, x - 1 : x + width + 1] = 190
        canvas[top : top + height, x : x + width] = picture
    before, after = (percent(share, 0) for share in example.right)
    shown = [int(label) for label in np.unique(example.maps[0]) if 0 < label <= len(album.classes)]
    note = f"right: {before} % → {after} %; {', '.join(album.classes[label - 1] for label in shown) or 'background'}"
    return note if len(note) <= _LETTERS else f"{note[: _LETTERS - 1]}…"

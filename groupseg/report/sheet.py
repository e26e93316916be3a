"""A sheet of small pictures: for each strategy the image where it wins most, and the one where it loses most."""

import numpy as np

from groupseg.report.album import Album, extremes
from groupseg.report.grid import tiles
from groupseg.report.paper import LARGE, QUIET, SMALL, Paper
from groupseg.report.results import DatasetResults
from groupseg.report.tables import percent, signed

CELL = 72
_GAP, _MIDDLE, _NAMES, _LINE, _HEADING, _MARGIN, _FOOT = 4, 20, 172, 20, 40, 8, 16
_COLUMNS = 4
_BLOCK = _COLUMNS * CELL + (_COLUMNS - 1) * _GAP
_LEFT = (_MARGIN + _NAMES, _MARGIN + _NAMES + _BLOCK + _MIDDLE)
WIDTH = _LEFT[1] + _BLOCK + _MARGIN
# As many as fit under the pictures of an example.
_LETTERS = 54


def draw_sheet(dataset: DatasetResults, album: Album) -> Paper:
    """Draws a row for each strategy but the baseline, the highest mIoU on top; all measures are pixels."""
    names = [name for name in dataset.ranking if name != dataset.baseline]
    columns = ("image", "ground truth", dataset.baseline, "strategy")
    height = _HEADING + len(names) * (CELL + _LINE) + _FOOT
    paper = Paper(WIDTH, height)
    for left, title in zip(_LEFT, ("wins most", "loses most"), strict=True):
        paper.write(left, 7, title, LARGE, bold=True)
        for place, column in enumerate(columns):
            paper.write(left + place * (CELL + _GAP), 24, column, SMALL, QUIET)
    for index, name in enumerate(names):
        top = _HEADING + index * (CELL + _LINE)
        figures = dataset.strategies[name]
        paper.write(_MARGIN, top + 3, name, LARGE, bold=True)
        miou = f"mIoU {percent(figures['miou'])} % ({signed(figures['difference_to_baseline'])})"
        paper.write(_MARGIN, top + 20, miou, SMALL, QUIET)
        for left, rows in zip(_LEFT, extremes(album.right(name), 2), strict=True):
            if rows:
                _draw_example(paper, album, name, rows[0], left, top)
            else:
                paper.write(left, top + 3, "none", SMALL, QUIET)
    paper.write(WIDTH - _MARGIN, height - 4, dataset.credit, SMALL, QUIET, "rd")
    return paper


def _draw_example(paper: Paper, album: Album, name: str, row: int, left: int, top: int) -> None:
    """Puts the pictures of an image side by side, and a note under them."""
    example = album.example(row, name)
    pictures = tiles(example.image, example.maps[: _COLUMNS - 1], len(album.classes), CELL)
    for column, picture in enumerate(pictures):
        paper.picture(left + column * (CELL + _GAP), top, picture)
    before, after = (percent(share, 0) for share in example.right)
    shown = [int(label) for label in np.unique(example.maps[0]) if 0 < label <= len(album.classes)]
    note = f"right: {before} % → {after} %; {', '.join(album.classes[label - 1] for label in shown) or 'background'}"
    note = note if len(note) <= _LETTERS else f"{note[: _LETTERS - 1]}…"
    paper.write(left, top + CELL + 3, note, SMALL, QUIET)

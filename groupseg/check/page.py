"""The page for the browser: one file that opens without a network."""

from pathlib import Path
from typing import Any

import numpy as np

from groupseg.check.findings import findings, outline
from groupseg.check.gallery import choose, show
from groupseg.check.survey import Survey
from groupseg.check.terminal import size_of
from groupseg.datasets.notes import NAMED
from groupseg.io.files import atomic_path, read_json
from groupseg.report.html import environment
from groupseg.report.palette import palette
from groupseg.report.results import ARTWORK

# Pictures of each split, and pairs of pictures that are there twice.
_SHOWN, _PAIRS = 24, 12


def write_check(survey: Survey, path: Path) -> None:
    """Writes the page.

    Raises:
        UserError: If the page cannot be written, or the data set is damaged.
    """
    html = environment("groupseg.check").get_template("check.html.j2").render(_context(survey))
    with atomic_path(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _context(survey: Survey) -> dict[str, Any]:
    pairs = sorted(survey.twins, key=lambda twins: not survey.leaks(twins))
    return {
        "survey": survey,
        "credit": ARTWORK if read_json(survey.folder / "manifest.json").get("format") == "scenes" else "",
        "outline": outline(survey),
        "findings": findings(survey),
        "named": [(note.text, note.names) for note in survey.notes if len(note.names) > NAMED],
        "splits": {name: _split(survey, name) for name in survey.splits},
        "labels": _labels(survey),
        "colours": {label: _colour(survey, label) for label in survey.labels},
        "sheets": {
            name: [show(survey, name, row) for row in choose(split, _SHOWN)] for name, split in survey.splits.items()
        },
        "pairs": [
            {
                "pictures": [(split, show(survey, split, row)) for split, row in (twins.first, twins.second)],
                "same": twins.same,
                "leaks": survey.leaks(twins),
            }
            for twins in pairs[:_PAIRS]
        ],
    }


def _split(survey: Survey, name: str) -> dict[str, Any]:
    split = survey.splits[name]
    return {
        "images": len(split.keys),
        "size": size_of(split),
        "ignored": split.ignored,
        "classes": float((split.pixels[:, 1:-1] > 0).sum(axis=1).mean()),
        "missing": len(survey.missing(name)),
    }


def _labels(survey: Survey) -> list[dict[str, Any]]:
    """Lists the labels by falling share of the pixels of all splits, those without a pixel last."""
    order = np.argsort(-np.sum([split.shares for split in survey.splits.values()], axis=0), kind="stable")
    largest = max(float(split.shares[1:].max()) for split in survey.splits.values())
    return [
        {
            "label": int(label),
            "name": survey.label_name(int(label)),
            "splits": [
                {
                    "images": int(split.images[label]),
                    "share": float(split.shares[label]),
                    "bar": float(split.shares[label]) / max(largest, 1e-12),
                }
                for split in survey.splits.values()
            ],
        }
        for label in order
        if int(label) in survey.labels
    ]


def _colour(survey: Survey, label: int) -> str:
    """Returns the colour of a label on the sheet, where background has none."""
    if label == 0:
        return "transparent"
    red, green, blue = palette(len(survey.classes))[label]
    return f"#{red:02x}{green:02x}{blue:02x}"

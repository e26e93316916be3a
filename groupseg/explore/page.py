"""The page itself: one file that needs nothing else, not even a network."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from groupseg.errors import UserError, printable
from groupseg.explore.judged import judged_data
from groupseg.explore.packed import pack
from groupseg.io.files import atomic_path
from groupseg.report.html import environment
from groupseg.report.records import results_digest
from groupseg.report.results import Results

# So many bytes of a page say what it was made from.
_HEAD = 2000
# Images of a data set, where nobody says how many.
IMAGES = 24
# The parts of the script: what a part calls when it is loaded stands before it.
_SCRIPTS = (
    "data.js", "counts.js", "text.js", "state.js", "paint.js", "chart.js", "side.js", "stage.js", "gallery.js",
    "classes.js", "main.js",
)  # fmt: skip
_ABOUT = (
    "Move a threshold: the picture changes, and so does the mIoU of all test images. A segment whose score is under the"
    " threshold is called background."
)
_NOTES = (
    "The figures and the table of classes are of all test images, at the thresholds that are chosen. The marks are the"
    " paper's constant where the score is the one that it is for, the threshold that was fitted on calibration images,"
    " and the one that would have been best on the test images, which no strategy may know.",
    "Each step of the slider lets about as many segments in, whatever their scores. Under a small picture stands which"
    " of the two strategies has more of its labelled pixels right, and by how many points.",
    "Keys: the left and right arrow go from image to image. The address of this page says what is shown.",
)


def write_explorer(
    results: Results, images: int = IMAGES, datasets: Sequence[str] | None = None, path: Path | None = None
) -> Path:
    """Writes the explorer of a run.

    Args:
        results: The results of the run.
        images: How many test images to show of each data set.
        datasets: Names of the data sets to show; all, where none are given.
        path: The file; explorer.html beside the results, where none is given.

    Returns:
        Where the page lies.

    Raises:
        UserError: If `path` does not end in .html, a data set does not run, a file is missing or damaged, or the page
            cannot be written.
    """
    path = path or results.folder / "explorer.html"
    if path.suffix != ".html":  # whatever lies there would be replaced, a device too
        raise UserError(f"The page must end in .html, but {printable(str(path))} does not. Give another name.")
    running = {dataset.name: dataset for dataset in results.datasets}
    names = list(dict.fromkeys(datasets or running))
    if unknown := [name for name in names if name not in running]:
        raise UserError(f"{unknown[0]} does not run. Choose of {', '.join(running)}, or name it in run.datasets.")
    sets = {name: judged_data(results, running[name], images) for name in names}
    beside = path.parent.absolute() == results.folder.absolute()
    report = "report.html" if beside else ""
    made_from = results_digest(results)
    render(path, sets, title=results.name, about=_ABOUT, notes=_NOTES, report=report, made_from=made_from)
    return path


def keep_explorer(results: Results) -> Path:
    """Writes the explorer of a run unless it is there already, made from the same results; returns where it lies.

    Raises:
        UserError: As `write_explorer`.
    """
    path = results.folder / "explorer.html"
    if path.is_file():
        with path.open("rb") as file:
            if results_digest(results).encode() in file.read(_HEAD):
                return path
    return write_explorer(results)


def render(path: Path, sets: Mapping[str, Any], **words: Any) -> None:
    """Writes a page.

    Args:
        path: The file.
        sets: What is shown, by name; see data.js for what each holds.
        words: "title", "about", "notes", "report", the address of the report or nothing, and "made_from", the digest of
            the results or nothing.

    Raises:
        UserError: If the page cannot be written.
    """
    folder = files(__package__)
    script = "\n".join((folder / name).read_text("utf-8") for name in _SCRIPTS)
    html = (
        environment(__package__)
        .get_template("explorer.html.j2")
        .render(
            sets={name: pack(data) for name, data in sets.items()},
            script=Markup(f'"use strict";\n(() => {{\n{script}\n}})();'),  # noqa: S704 (files of this package)
            **words,
        )
    )
    with atomic_path(path) as temporary:
        temporary.write_text(html, encoding="utf-8")

"""Commands about data sets: what they hold, and how one's own are brought in."""

from pathlib import Path
from typing import Annotated

import typer

_ROOT = Path()


def check_data(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets that are prepared.")],
) -> None:
    """Shows what prepared data sets hold: here, and with pictures on a page for the browser."""
    from groupseg.check.page import write_check
    from groupseg.check.survey import survey
    from groupseg.check.terminal import survey_text

    for name in names:
        found = survey(_ROOT, name)
        page = _ROOT / "data/check" / f"{name}.html"
        write_check(found, page)
        print(f"{survey_text(found)}\n\nPictures: {page.resolve()}\n")


def init_data(
    folder: Annotated[Path, typer.Argument(help="Where images and labels lie: a folder, a zip or a tar.")],
    name: Annotated[str, typer.Option(help="What the data set is called; else after the folder.")] = "",
    annotations: Annotated[str, typer.Option(help="Of several JSONs in the format of COCO, which one.")] = "",
    form: Annotated[
        str, typer.Option("--format", help="Of several data sets, that of this `source.format`, such as voc.")
    ] = "",
    run: Annotated[bool, typer.Option("--run", help="Also say in params.yaml that this data set runs.")] = False,
    skip_unmatched: Annotated[
        bool, typer.Option("--skip-unmatched", help="Leave out images without a mask, and masks without an image.")
    ] = False,
) -> None:
    """Looks at images and labels of your own, says what it found, and writes their section of params.yaml."""
    from groupseg.io.yaml_file import read_yaml
    from groupseg.onboard.find import look
    from groupseg.onboard.output import look_text, next_steps, write_named
    from groupseg.onboard.section import add_dataset, data_set_name, dataset_location

    params = _ROOT / "params.yaml"
    called = data_set_name(folder, name)
    path, top = dataset_location(params, folder)
    found = look(folder, annotations or None, skip_unmatched, form or None)
    print(look_text(folder, found))
    names = _ROOT / "data/check" / f"{called}.txt"
    if write_named(names, found):
        print(f"\nAll of these by name: {names.resolve()}")
    changes = {"name": called, "datasets": [called], **({} if top is None else {"folder": top})} if run else {}
    written = add_dataset(params, called, found.section(path), changes)
    print(f"\n{params}: datasets.{called} {'written' if written else 'is there already'}. Next:")
    print(next_steps(called, top, run, read_yaml(params)))

import io
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from groupseg.errors import UserError
from groupseg.report.exhibits import exhibits
from groupseg.report.figures import write_figures
from groupseg.report.results import Results, read_results
from tests.results import DATASETS, build


def figure_file(kind: str, dataset: str) -> str:
    return f"{kind}_{dataset}.{'png' if kind == 'pictures' else 'svg'}"


def drawn(results: Results) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results.folder / "figures").iterdir()}


def test_figures_are_complete_light_and_come_out_the_same(reported: Results, tmp_path: Path) -> None:
    first = drawn(reported)
    kinds = [exhibit.name for exhibit in exhibits(reported.datasets[0]) if exhibit.draw] + ["pictures"]
    assert first.keys() == {
        "predictions.png",
        *("cures.svg", "history.svg", "ladders.svg"),
        *(figure_file(one, name) for one in kinds for name in DATASETS),
    }
    assert all(len(content) < 300_000 for content in first.values())
    for name, content in first.items():
        if name.endswith(".png"):
            Image.open(io.BytesIO(content)).load()
        else:
            ElementTree.fromstring(content)
    # Of one data set, so that all kinds of figures are drawn again, and not all figures.
    results = read_results(build(tmp_path))
    write_figures(replace(results, datasets=results.datasets[:1]), pictures=4)
    again = drawn(results)
    of_all = ("cures.svg", "ladders.svg", "predictions.png")
    assert not any(again.pop(name) == first[name] for name in of_all)
    assert again.keys() == {"history.svg", *(figure_file(one, "alpha") for one in kinds)}
    assert again.items() <= first.items()


def test_names_what_is_missing(tmp_path: Path) -> None:
    project = build(tmp_path)
    (project / "models/scenes_small.csv").unlink()
    # Without data sets, which would be drawn before.
    with pytest.raises(UserError, match=r"scenes_small\.csv is missing"):
        write_figures(replace(read_results(project), datasets=()), pictures=4)

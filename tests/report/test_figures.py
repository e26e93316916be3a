import shutil
from pathlib import Path

import pytest
from PIL import Image

from groupseg.errors import UserError
from groupseg.report.exhibits import exhibits
from groupseg.report.figures import write_figures
from groupseg.report.results import read_results
from tests.results import DATASETS, build


def test_figures_are_complete_light_and_come_out_the_same(tmp_path: Path) -> None:
    project = build(tmp_path)
    figures = project / "results/scenes/figures"
    write_figures(read_results(project), pictures=4)
    first = {path.name: path.read_bytes() for path in figures.iterdir()}
    kinds = [exhibit.name for exhibit in exhibits(read_results(project).datasets[0])] + ["pictures", "sheet"]
    assert first.keys() == {
        "predictions.png",
        "history.png",
        "transfer.png",
        *(f"{one}_{name}.png" for one in kinds for name in DATASETS),
    }
    assert all(len(content) < 300_000 for content in first.values())
    for path in figures.iterdir():
        Image.open(path).load()
    shutil.rmtree(figures)
    write_figures(read_results(project), pictures=4)
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == first


def test_names_what_is_missing(tmp_path: Path) -> None:
    project = build(tmp_path)
    (project / "models/scenes_small.csv").unlink()
    with pytest.raises(UserError, match=r"scenes_small\.csv"):
        write_figures(read_results(project), pictures=4)

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from groupseg.errors import UserError
from groupseg.report.results import DatasetResults
from groupseg.report.style import roles, save_figure, series
from tests.results import BEST


def test_roles_look_different_and_the_same_in_every_figure(dataset: DatasetResults) -> None:
    assert list(roles(dataset)) == ["global", "cosine", BEST, "fixed"]
    assert len({colour for colour, _ in roles(dataset).values()}) == 4
    other = replace(dataset, best="cosine")
    assert roles(other)["cosine"] == roles(dataset)[BEST]
    assert roles(other)["fixed"] == roles(dataset)["fixed"] == roles(replace(dataset, best="fixed"))["fixed"]


def test_series_keep_the_look_of_a_role(dataset: DatasetResults) -> None:
    looks = series(["softmax", "cosine", "other", "softmax"], dataset)
    assert list(looks) == ["softmax", "cosine", "other"]
    assert looks["cosine"] == roles(dataset)["cosine"]
    assert len(set(looks.values())) == 3
    assert looks.keys().isdisjoint({"global"})


def test_equal_figures_are_equal_bytes_without_a_date_and_letters_stay_letters(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot([0, 1], label="one")
        figure.legend()
        save_figure(figure, tmp_path / name)
    content = (tmp_path / "a.svg").read_text("utf-8")
    assert content == (tmp_path / "b.svg").read_text("utf-8")
    assert "date" not in content
    assert ">one</text>" in content


def test_names_the_figure_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.svg"):
        save_figure(Figure(), tmp_path / "folder" / "a.svg")

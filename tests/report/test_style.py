from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

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


def test_a_colour_of_few_pixels_stays_as_it_is_in_a_chart(tmp_path: Path) -> None:
    figure = Figure(figsize=(4, 3), dpi=100)
    axes = figure.subplots()
    axes.imshow(np.arange(2500).reshape(50, 50) % 251)
    axes.plot([1, 2], [1, 2], "s", color="#0072B2")
    save_figure(figure, tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    assert np.abs(pixels - (0x00, 0x72, 0xB2)).max(axis=-1).min() <= 10


def test_equal_figures_are_equal_bytes_without_a_date(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot([0, 1])
        save_figure(figure, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert Image.open(tmp_path / "a.png").info.keys() <= {"transparency"}


def test_names_the_figure_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.png"):
        save_figure(Figure(), tmp_path / "folder" / "a.png")

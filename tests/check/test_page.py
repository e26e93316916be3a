import re
from html import unescape
from pathlib import Path

from groupseg.check.page import write_check
from groupseg.check.survey import Survey
from groupseg.check.terminal import survey_text
from groupseg.report.tables import NOTHING, percent
from tests.report.test_page import Elements


class Page(Elements):
    VOID = Elements.VOID | {"input"}


def written(survey: Survey, folder: Path) -> str:
    write_check(survey, folder / "page.html")
    return (folder / "page.html").read_text("utf-8")


def test_needs_no_other_file_and_no_network(pets: Survey, tmp_path: Path) -> None:
    text = written(pets, tmp_path)
    page = Page()
    page.feed(text)
    assert page.open == []
    for tag, attributes in page.found:
        assert tag not in {"script", "link", "iframe", "object"}
        for name in ("src", "href"):
            if value := attributes.get(name):
                assert value.startswith(("data:image/png;base64,", "data:image/jpeg;base64,", "#"))
    assert not re.search(r"url\(|@import|https?://", re.sub(r"base64,[^\"]*", "", text))
    anchors = {attributes.get("id") for _, attributes in page.found}
    links = {str(attributes["href"])[1:] for tag, attributes in page.found if tag == "a"}
    assert links == {"twice", "calib", "test", "labels"} <= anchors


def test_shows_counts_pictures_and_pairs(pets: Survey, tmp_path: Path) -> None:
    text = written(pets, tmp_path)
    page = Page()
    page.feed(text)
    # An image and a mask for each picture of both splits, and for both of each pair.
    pictures = sum(len(split.keys) for split in pets.splits.values()) + 2 * len(pets.twins)
    images = [attributes for tag, attributes in page.found if tag == "img"]
    assert len(images) == 2 * pictures
    assert all(attributes["alt"] for attributes in images if attributes.get("class") != "mask")
    plain = unescape(text).replace("\xa0", " ")
    for split in pets.splits.values():
        assert all(name in plain for name in split.names)
        for label in pets.labels:
            if split.images[label]:
                assert f"<td>{split.images[label]}</td><td>{percent(split.shares[label], 2)}" in plain.replace(
                    "\xa0", " "
                )
    assert text.count('<td class="none">none</td>') == 3
    assert "Nearly the same; fitted on one, judged on the other" in text
    assert "Every pixel is equal<" in text


def test_names_of_users_are_no_markup(pets: Survey, tmp_path: Path) -> None:
    text = written(pets, tmp_path)
    assert "<b>sky</b>" not in text
    assert "&lt;b&gt;sky&lt;/b&gt;" in text


def test_artwork_is_credited_where_it_is_shown(pets: Survey, crossed: Survey, tmp_path: Path) -> None:
    assert "OpenMoji" not in written(pets, tmp_path)
    assert "OpenMoji, CC BY-SA 4.0" in written(crossed, tmp_path)


def test_the_terminal_has_the_same_figures(pets: Survey) -> None:
    lines = survey_text(pets).splitlines()
    assert lines[0] == "pets: 3 calib images and 5 test images of 4 classes with background."
    rows = {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("-")}
    calib, test = pets.splits.values()
    assert rows["cat"][:4] == [
        str(calib.images[1]), percent(calib.shares[1], 2), str(test.images[1]), percent(test.shares[1], 2)
    ]  # fmt: skip
    assert rows["unicorn"] == ["0", NOTHING, "0", NOTHING]
    bars = {name: len(row[4]) if len(row) > 4 else 0 for name, row in rows.items() if name in ("cat", "dog")}
    assert set(rows["test"][:2]) == {"5", "80x60"}
    assert max(bars.values()) <= 24
    assert (bars["cat"] > bars["dog"]) == (test.shares[1] > test.shares[2])


def test_nothing_is_said_where_nothing_stands_out(crossed: Survey) -> None:
    plain = Survey(
        crossed.name, crossed.folder, crossed.classes, False, 3, {"test": crossed.splits["test"]}, (), crossed.size
    )
    assert "Nothing stands out." in survey_text(plain)


def test_equal_data_sets_give_equal_pages(pets: Survey, tmp_path: Path) -> None:
    assert written(pets, tmp_path) == written(pets, tmp_path)

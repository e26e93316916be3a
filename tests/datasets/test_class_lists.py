"""Lists of classes, in every form and encoding that tools write."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.datasets.class_lists import FILES, ClassEntry, find_class_list, parse_class_list, read_class_list
from groupseg.errors import UserError
from groupseg.sources.tree import open_tree
from tests.datasets.test_texts import ENCODED

COLOURS = [0x000000, 0x800000, 0x008000, 0x808000, 0x000080]
NAMES = ["background", "screw", "hex nut", "Schraube", "écrou"]


def rgb(colour: int) -> tuple[int, int, int]:
    return colour >> 16, colour >> 8 & 255, colour & 255


def row(name: str, colour: int) -> str:
    return f"{name},{','.join(map(str, rgb(colour)))}"


def labelmap(names: Sequence[str]) -> list[str]:
    rows = [f"{name}:{','.join(map(str, rgb(colour)))}::" for name, colour in zip(names, COLOURS, strict=False)]
    return ["# label:color_rgb:parts:actions", *rows]


# How the lines are written, and how the file is called.
FORMS: dict[str, tuple[str, Callable[[Sequence[str]], list[str]]]] = {
    "plain": ("classes.txt", list),
    "labelme2voc": ("class_names.txt", lambda names: [name.replace("background", "_background_") for name in names]),
    "darknet": ("obj.names", list),
    "colon": ("labels.txt", lambda names: [f"{value}: {name}" for value, name in enumerate(names)]),
    "space": ("labels.txt", lambda names: [f"{value} {name}" for value, name in enumerate(names)]),
    "comma": ("classes.txt", lambda names: [f"{value},{name}" for value, name in enumerate(names)]),
    "tab": ("classes.txt", lambda names: [f"{value}\t{name}" for value, name in enumerate(names)]),
    "dash": ("classes.txt", lambda names: [f"{value} - {name}" for value, name in enumerate(names)]),
    "cvat": ("labelmap.txt", labelmap),
    "roboflow": ("_classes.csv", lambda names: ["Pixel Value, Class", *(f"{i}, {n}" for i, n in enumerate(names))]),
    "one column": ("labels.csv", list),
    "two columns": ("classes.csv", lambda names: ["id,name", *(f"{i},{name}" for i, name in enumerate(names))]),
    "colours": ("class_dict.csv", lambda names: ["name,r,g,b", *map(row, names, COLOURS)]),
}  # fmt: skip
ENDS = {"unix": "\n", "windows": "\r\n", "old mac": "\r"}


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str, encoding: str) -> None:
    file, write = FORMS[form]
    for end in ENDS.values():
        found = parse_class_list(ENCODED[encoding](end.join(write(NAMES)) + end + end), file)
        assert found.classes == tuple(NAMES[1:])
        assert found.background
        assert found.labels() == {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 255: 255}
        coloured = form in ("cvat", "colours")
        assert found.palette == ({colour: value for value, colour in enumerate(COLOURS)} if coloured else None)
        numbered = form in ("colon", "space", "comma", "tab", "dash")
        assert bool(found.notes) == numbered


@pytest.mark.parametrize("file", FILES)
def test_a_list_is_found_by_each_of_its_names(tmp_path: Path, file: str) -> None:
    for name in (file, file.upper()):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_text("cat\ndog\n")
        found = find_class_list(open_tree(tmp_path), "data/")
        assert found == f"data/{name}"
        assert read_class_list(open_tree(tmp_path), found).classes == ("cat", "dog")
        assert find_class_list(open_tree(tmp_path), "") is None
        (tmp_path / "data" / name).unlink()


def test_what_labelme_ignores_shifts_nothing() -> None:
    found = parse_class_list(b"__ignore__\n_background_\ncat\ndog\n", "labels.txt")
    assert found.classes == ("cat", "dog")
    # labelme2voc: class_id = i - 1, and -1 is 255 in a mask of 8 bits.
    assert found.labels() == {255: 255, 0: 0, 1: 1, 2: 2}
    assert "`__ignore__` is no class but value -1" in found.notes[0]


def test_values_may_leave_gaps_and_255_may_be_a_class() -> None:
    found = parse_class_list(b"0: background\n127: cat\n255: dog\n", "classes.txt")
    assert found.labels() == {0: 0, 127: 1, 255: 2, 65535: 255}
    assert found.labels(ignore=9) == {0: 0, 127: 1, 255: 2, 9: 255}
    assert parse_class_list(b"3: cat\n1: background\n", "a.txt").labels() == {3: 1, 1: 0, 255: 255}


def test_cvats_ignored_is_255_and_nobodys_class() -> None:
    found = parse_class_list(b"background:0,0,0::\ncat:1,2,3::\nignored:224,224,192::\n", "labelmap.txt")
    assert found.classes == ("cat",)
    assert found.labels() == {0: 0, 1: 1, 255: 255}
    assert found.palette == {0: 0, 0x010203: 1, 0xE0E0C0: 255}


@pytest.mark.parametrize("lines", [["7 up", "8 ball"], ["3d printer", "2d plotter"], ["7 up"], ["cat", "1: dog"]])
def test_digits_that_belong_to_names_stay(lines: list[str]) -> None:
    assert parse_class_list("\n".join(lines).encode(), "classes.txt").classes == tuple(lines)


@settings(max_examples=60)
@given(
    names=st.lists(
        st.text(st.characters(categories=["L", "N", "Pd", "Zs"], exclude_characters=":"), min_size=1).map(
            lambda name: "x" + " ".join(name.split())
        ),
        min_size=1,
        unique_by=str.casefold,
    ),
    first=st.integers(0, 3),
)
def test_any_names_come_back(names: list[str], first: int) -> None:
    for text in ("\n".join(names), "\n".join(f"{first + i}: {name}" for i, name in enumerate(names))):
        assert parse_class_list(text.encode(), "classes.txt").classes == tuple(names)
    file = io.StringIO()
    csv.writer(file).writerows([["value", "class"], *([first + i, name] for i, name in enumerate(names))])
    found = parse_class_list(file.getvalue().encode(), "x.csv")
    assert found.lines == tuple(ClassEntry(first + i, name) for i, name in enumerate(names))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("classes.txt", b"1: cat\n1: dog\n", "the value 1 is there more than once"),
        ("labels.txt", b"__ignore__\n_background_\n", "names no class but background"),
    ],
)
def test_faulty_lists_are_named(tmp_path: Path, file: str, text: bytes, message: str) -> None:
    path = tmp_path / file
    path.write_bytes(text)
    with pytest.raises(UserError, match=f"^{path}.*{message}") as caught:
        read_class_list(open_tree(tmp_path), file)
    assert "\n" not in str(caught.value)


def test_background_in_another_line_is_mended_as_the_message_says() -> None:
    with pytest.raises(UserError, match="write its value before each name, such as 3: background"):
        parse_class_list(b"cat\ndog\nsky\nbackground\n", "classes.txt")
    found = parse_class_list(b"0: cat\n1: dog\n2: sky\n3: background\n", "classes.txt")
    assert found.labels() == {0: 1, 1: 2, 2: 3, 3: 0, 255: 255}

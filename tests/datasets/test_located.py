"""Images by the names that annotation tools write."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupseg.datasets.located import find_images, locate
from groupseg.errors import NamedFault, UserError
from groupseg.sources.tree import Tree, open_tree

PHOTO = "images/my photo 1.jpg"

# What a tool calls it, and how it is said to be found; "" where its path is right.
CALLED = [
    ("my photo 1.jpg", ""),
    ("images/my photo 1.jpg", ""),
    ("./images/my photo 1.jpg", ""),
    ("images\\my photo 1.jpg", ""),
    ("my%20photo%201.jpg", "escapes of a URL"),
    ("images/my%20photo%201.jpg", "escapes of a URL"),
    ("data/local-files/?d=images/my photo 1.jpg", r"path behind `\?d=`"),
    ("/data/local-files/?d=images%2Fmy%20photo%201.jpg", r"path behind `\?d="),
    ("data/local-files/?d=elsewhere/my photo 1.jpg", "base names alone"),
    ("../../label-studio/data/media/upload/4/my photo 1.jpg", "base names alone"),
    ("..\\..\\label-studio\\upload\\4\\my photo 1.jpg", "base names alone"),
    ("images\\1/my photo 1.jpg", "base names alone"),
    ("C:\\Users\\me\\my photo 1.jpg", "base names alone"),
    ("https://example.org/a/my%20photo%201.jpg", "base names alone"),
    ("upload/4/0000beef-my photo 1.jpg", "without what Label Studio puts"),
    ("My Photo 1.JPG", ""),
]


def tree(folder: Path, *names: str) -> Tree:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return open_tree(folder)


@pytest.mark.parametrize(("called", "how"), CALLED)
def test_an_image_is_found_however_a_tool_calls_it(tmp_path: Path, called: str, how: str) -> None:
    found = locate(tree(tmp_path, PHOTO, "images/other.jpg", "masks/my photo 1.png"), [called], "a.json")
    assert found.found == {called: PHOTO}
    notes = list(found.notes("a.json"))
    assert len(notes) == bool(how)
    for note in notes:
        assert note.names == (called,)
        assert note.text.startswith("a.json: 1 image found by")
        assert re.search(how, note.text)


@given(number=st.integers(2, 6))
def test_all_that_are_missing_are_named(tmp_path_factory: pytest.TempPathFactory, number: int) -> None:
    there = tree(tmp_path_factory.mktemp("x"), PHOTO)
    names = [f"{index}.jpg" for index in range(number)]
    assert locate(there, [*names, PHOTO], "a.json").missing == names
    with pytest.raises(NamedFault, match=rf"image 0\.jpg and {number - 1} more is nowhere in .*Add the file") as caught:
        find_images(there, [*names, PHOTO], "a.json")
    assert caught.value.names == tuple(names)


def test_a_name_in_two_folders_is_asked_about_unless_one_is_beside_the_json(tmp_path: Path) -> None:
    there = tree(tmp_path, "train/a.jpg", "test/a.jpg", "test/b.jpg")
    with pytest.raises(UserError, match=r"image a\.jpg is in test/a\.jpg and train/a\.jpg\. Take one away, or say in"):
        locate(there, ["a.jpg"], "a.json")
    assert locate(there, ["a.jpg"], "a.json", near="train/").found == {"a.jpg": "train/a.jpg"}
    assert locate(there, ["train/a.jpg"], "a.json").found == {"train/a.jpg": "train/a.jpg"}

"""Finding a layout in a tree."""

from pathlib import Path

import pytest

from groupseg.datasets.layout import files_below, find_root
from groupseg.errors import UserError
from groupseg.sources.tree import Tree, open_tree

FILES = [
    "a/images/val/x.jpg", "a/images/val/x_depth.png", "a/images/val/south/y_left.PNG", "a/images/value/z.png",
    "b/list/val.txt", "b/list/val.txt.old", "b/sublist/val.txt",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return open_tree(tmp_path)


@pytest.mark.parametrize(
    ("part", "suffixes", "root"),
    [
        ("list/val.txt", (), "b/"),
        ("b/list/val.txt", (), ""),
        ("images/val/", (), "a/"),
        ("images/val/", {".jpg"}, "a/"),
        ("a/images/val/", {".png"}, ""),
    ],
)
def test_what_stands_before_a_file_or_folder(tree: Tree, part: str, suffixes: set[str], root: str) -> None:
    assert find_root(tree, part, "such", suffixes) == root


@pytest.mark.parametrize(
    ("part", "suffixes", "message"),
    [
        ("val.txt", (), r"holds val\.txt in b/list/ and in b/sublist/\. Name one of them in source\.path"),
        ("list/val", (), r"holds no list/val: no such lies there\. Mend source\.path or run\.folder"),
        ("images/val/", {".tif", ".bmp"}, r"holds no images/val/ and in it no \.bmp or \.tif: no such lies there"),
        ("mages/val/", (), r"holds no mages/val/: no such lies there"),
    ],
)
def test_what_is_not_there_or_there_twice_is_named(tree: Tree, part: str, suffixes: set[str], message: str) -> None:
    with pytest.raises(UserError, match=rf"^{tree.label} {message}"):
        find_root(tree, part, "such", suffixes)


def test_files_go_by_what_identifies_them(tree: Tree) -> None:
    assert files_below(tree, "a/images/val/", {".png"}) == {
        "south/y_left": "a/images/val/south/y_left.PNG", "x_depth": "a/images/val/x_depth.png",
    }  # fmt: skip
    assert files_below(tree, "a/images/val/", {".png"}, "_left") == {"south/y": "a/images/val/south/y_left.PNG"}
    for suffix in ("png", "bmp"):
        (Path(tree.label) / f"a/images/val/a.{suffix}").touch()
    twice = open_tree(Path(tree.label))
    with pytest.raises(UserError, match=r"val/a\.bmp and .*val/a\.png share a name, and so a mask\. Rename one"):
        files_below(twice, "a/images/val/", {".png", ".bmp"})

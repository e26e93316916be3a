"""Few images: said by `data init` and by `prepare`, and never only after the vision model has run."""

from pathlib import Path

import numpy as np
import pytest

from groupseg.datasets.folds import are_enough
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.readers import READERS
from groupseg.datasets.shards import read_crossfit
from groupseg.datasets.writer import write_files
from groupseg.errors import UserError
from groupseg.onboard.find import look
from groupseg.sources.tree import open_tree
from stages import prepare
from tests.commands import call
from tests.onboard.conftest import Make, mask_of


@pytest.mark.parametrize("images", range(1, 13))
def test_what_init_writes_for_few_images_prepare_takes(
    project: Path, make: Make, capsys: pytest.CaptureFixture[str], images: int
) -> None:
    folder = make([mask_of(1)] * images, ["background", "cat"])
    assert call("data", "init", str(folder), "--name", "mine", "--run") == 0
    said = capsys.readouterr().out
    if f"{images} labelled image" in said:
        assert "too few to calibrate on some and judge others. Add more." in said
        with pytest.raises(UserError, match=r"leaves none to judge or to calibrate on, of \d labelled images?\. Add"):
            prepare.main("mine")
        assert images < 4
    else:
        prepare.main("mine")
        folds = read_crossfit(project / "data/prepared/mine")
        assert are_enough([f"p{index}" for index in range(images)], folds)
        assert f"in turn, in {folds} folds" in said


def test_a_number_of_folds_that_is_too_large_names_one_that_does(project: Path, make: Make) -> None:
    folder = make([mask_of(1)] * 6, ["background", "cat"])
    assert call("data", "init", str(folder), "--name", "mine", "--run") == 0
    params = Path("params.yaml")
    good = params.read_text("utf-8")
    chosen = look(folder).source["crossfit"]
    wrong = next(folds for folds in range(5, 50) if not are_enough([f"p{index}" for index in range(6)], folds))
    params.write_text(good.replace(f"crossfit: {chosen}}}", f"crossfit: {wrong}}}"), "utf-8")
    message = rf"mine: source\.crossfit: {wrong} leaves none .*, of 6 labelled images\. Set source\.crossfit: {chosen}"
    with pytest.raises(UserError, match=message):
        prepare.main("mine")
    params.write_text(good, "utf-8")
    prepare.main("mine")


def test_where_all_pixels_are_unknown_both_say_so(
    project: Path, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make([np.full((8, 10), 255, np.uint8)] * 6, ["background", "cat"])
    assert call("data", "init", str(folder), "--name", "mine", "--run") == 0
    out = capsys.readouterr().out
    assert "To mend before it can be prepared:" in out
    assert "the masks hold 255, ignored" in out
    with pytest.raises(UserError, match=r"no pixel is of a class; of 6 images 0 hold background, 6 unknown pixels"):
        prepare.main("mine")


@pytest.mark.parametrize("split", ["calib", "test"])
def test_a_split_without_a_labelled_pixel_is_refused(
    project: Path, make: Make, capsys: pytest.CaptureFixture[str], split: str
) -> None:
    unknown = np.full((8, 10), 255, np.uint8)
    folder = make([unknown] * 3 + [mask_of(1)] * 3, ["background", "cat"])
    (folder / "splits").mkdir()
    (folder / f"splits/{split}.txt").write_text("p0\np1\np2\n")
    other = "test" if split == "calib" else "calib"
    (folder / f"splits/{other}.txt").write_text("p3\np4\np5\n")
    assert call("data", "init", str(folder), "--name", "mine", "--run") == 0
    assert f"no image of its {split} split has a labelled pixel. List other images for it" in capsys.readouterr().out
    with pytest.raises(UserError, match=f"mine: no pixel of its {split} split is labelled. List other images"):
        prepare.main("mine")
    for file in (folder / "masks").iterdir():
        file.write_bytes((folder / "masks/p3.png").read_bytes())
    prepare.main("mine")


def test_all_faulty_images_are_named(make: Make, tmp_path: Path) -> None:
    folder = make([mask_of(1)] * 30, ["background", "cat"])
    for index in range(20):
        (folder / f"images/p{index}.jpg").write_bytes(b"none")
    files: LabelledFiles = READERS["folder"](open_tree(folder), None, 0)
    with pytest.raises(UserError) as caught:
        write_files(tmp_path / "out", files, {}, crossfit=5)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert lines[-1] == "20 of 30 images cannot be used."
    assert len(getattr(caught.value, "names", ())) == 20
    assert not (tmp_path / "out").exists()

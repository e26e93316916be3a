"""What is said of images/ and masks/ that somebody has made himself."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupseg.errors import UserError
from groupseg.onboard.find import look
from tests.onboard.conftest import Make, mask_of


def test_a_good_folder_has_no_faults(make: Make) -> None:
    folder = make([mask_of(1), mask_of(2, frame=0), mask_of(255)], ["background", "cat", "fire_engine"])
    found = look(folder)
    assert found.faults == ()
    assert found.notes == (
        "3 images, 3 masks",
        "2 classes and background, value 0",
        "the masks hold 0..2, and 255, ignored",
        "of 3 images hold: background 3, cat 1, fire_engine 1",
        "fewer than 200 images: all are calibrated on and judged in turn, in 4 folds",
    )
    assert found.section("photos") == {
        "source": {"format": "folder", "path": "photos", "crossfit": 4},
        "prompts": {"templates": ["a photo of a {}."], "names": {"fire_engine": "fire engine"}},
        "baseline": "fixed",
    }


def test_a_missing_class_list_is_asked_for_with_the_values_there_are(make: Make) -> None:
    (fault,) = look(make([mask_of(1), mask_of(4)])).faults
    assert fault.endswith(
        "classes.txt is missing. The masks hold 0..1, 4: name each value from 0 on, one a line; the first should be"
        " `background`, which value 0 looks like."
    )
    # Of segments that fill the image none is background.
    full = [np.repeat(np.arange(2, dtype=np.uint8) + index, 40).reshape(8, 10) for index in range(5)]
    (fault,) = look(make(full, name="full")).faults
    assert fault.endswith("The masks hold 0..5: name each value from 0 on, one a line.")


def test_a_faulty_class_list_is_said_to_be_so(make: Make) -> None:
    folder = make([mask_of(1)], ["cat", "cat"])
    assert "classes.txt: cat named more than once" in look(folder).faults[0]


def test_what_has_no_counterpart_is_counted_and_named(make: Make) -> None:
    folder = make([mask_of(1)] * 12, ["background", "cat"])
    for index in range(5):
        (folder / f"masks/p{index}.png").unlink()
    (folder / "images/p5.jpg").unlink()
    found = look(folder)
    (fault,) = found.faults
    assert "5 images have no mask, such as " in fault
    assert "p2.jpg and 2 more; " in fault
    assert "masks/p5.png has no image. Add or rename" in fault
    assert [Path(name).name for name in found.named[fault]] == [*(f"p{index}.jpg" for index in range(5)), "p5.png"]
    left = look(folder, skip_unmatched=True)
    assert left.faults == ()
    assert left.source == {"format": "folder", "skip_unmatched": True, "crossfit": 5}
    assert any(note.startswith("left out: 5 images have no mask") for note in left.notes)


def test_values_that_no_class_has_are_named_with_a_mask(make: Make) -> None:
    (fault,) = look(make([mask_of(1), mask_of(7)], ["background", "cat", "dog"])).faults
    assert "The masks hold 7, such as " in fault
    assert "masks/p1.png, but" in fault
    assert "classes.txt names 0..2." in fault


def test_value_0_that_looks_like_background_but_is_listed_as_a_class_is_noted(make: Make) -> None:
    found = look(make([mask_of(1), mask_of(2)], ["cat", "dog", "sky"]))
    assert found.faults == ()
    (note,) = (note for note in found.notes if "looks like background" in note)
    assert note.startswith("value 0 is 'cat', but looks like background: it is in 2 of 2 masks and on 100 % of their")
    assert not any("looks like" in note for note in look(make([mask_of(0, frame=1)] * 2, ["a", "b"], "in")).notes)


def test_background_that_no_mask_holds_is_noted(make: Make) -> None:
    found = look(make([mask_of(1, frame=2)], ["background", "cat", "dog"]))
    assert any(note.startswith("background is in no image. If there is none") for note in found.notes)


def test_masks_of_colours_want_a_palette(make: Make) -> None:
    colours = np.array([[0, 0, 0], [128, 0, 0]], np.uint8)
    folder = make([colours[mask_of(1)], colours[mask_of(0)]], ["background", "cat"])
    (fault,) = look(folder).faults
    assert fault.startswith("2 masks of 2 colours in the place of class numbers. Write ")
    assert fault.endswith("palette.txt, line i the colour of value i; the commonest are #000000, #800000.")
    (folder / "palette.txt").write_text("#000000\n#800000\n")
    assert look(folder).faults == ()


def test_smoothed_colours_are_no_palette(make: Make) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    (fault,) = look(make([noise], ["background", "cat"])).faults
    assert "colours, which were smoothed or compressed: save class numbers" in fault


def test_damaged_files_are_named(make: Make) -> None:
    folder = make([mask_of(1)] * 8, ["background", "cat"])
    for index in range(5):
        Image.new("RGB", (3, 3)).save(folder / f"images/p{index}.jpg")
    faults = look(folder).faults
    assert len(faults) == 4
    assert "p0.jpg is 3x3 pixels" in faults[0]
    assert faults[3] == "2 more of the 8 images that were looked at cannot be read either."
    (folder / "masks/p7.png").write_bytes(b"no picture")
    found = look(folder)
    assert found.faults[3].startswith("3 more of the 8")
    assert "p7.png cannot be read as an image: of no kind that is known. Fetch" in found.named[found.faults[3]][-1]


def test_lists_of_its_own_splits_are_kept(make: Make) -> None:
    folder = make([mask_of(1)] * 4, ["background", "cat"])
    (folder / "splits").mkdir()
    (folder / "splits/calib.txt").write_text("p0\np1\n")
    found = look(folder)
    assert found.source == {"format": "folder", "calib": 0.5, "seed": 0}
    assert found.notes[-1] == "splits/calib.txt says which images are calibrated on"
    assert found.faults == ()


def test_images_and_masks_must_lie_side_by_side_once(make: Make, tmp_path: Path) -> None:
    folder = make([mask_of(1)], ["background", "cat"])
    shutil.copytree(folder, tmp_path / "again")
    with pytest.raises(UserError, match=r"holds 2 data sets.*/again; .*/photos\."):
        look(tmp_path)
    shutil.rmtree(tmp_path / "again/images")
    shutil.rmtree(folder / "masks")
    with pytest.raises(UserError, match="do not lie side by side"):
        look(tmp_path)

import shutil
from pathlib import Path

import numpy as np
import pytest

from groupseg.check.findings import outline, survey_findings
from groupseg.check.survey import Survey, survey
from groupseg.errors import UserError
from groupseg.strategies.crossfit import image_folds
from tests.check.conftest import CLASSES, SPLITS


def test_images_and_pixels_are_counted(pets: Survey) -> None:
    assert list(pets.splits) == ["calib", "test"]
    for name, samples in SPLITS.items():
        split = pets.splits[name]
        assert split.names == tuple(sample.name for sample in samples)
        assert split.sizes.tolist() == [[*sample.image.shape[1::-1]] for sample in samples]
        masks = [sample.mask for sample in samples]
        for label in range(len(CLASSES) + 1):
            assert split.images[label] == sum((mask == label).any() for mask in masks)
        known = np.concatenate([mask[mask != 255] for mask in masks])
        expected = np.bincount(known, minlength=len(CLASSES) + 1) / len(known)
        np.testing.assert_allclose(split.shares, expected)
        assert split.ignored == pytest.approx(1 - len(known) / sum(mask.size for mask in masks))
    assert pets.splits["calib"].unlabelled == [2]
    assert (pets.missing("calib"), pets.missing("test")) == ([3, 4], [4])
    assert pets.size == sum(path.stat().st_size for path in pets.folder.iterdir())


def test_twins_across_splits_leak_and_others_do_not(pets: Survey) -> None:
    found = {(twins.first, twins.second): (twins.same, pets.leaks(twins)) for twins in pets.twins}
    assert found == {
        (("calib", 0), ("test", 3)): (False, True),
        (("test", 0), ("test", 4)): (True, False),
    }


def test_twins_across_folds_leak(crossed: Survey) -> None:
    (twins,) = crossed.twins
    assert {crossed.image_name(twins.first), crossed.image_name(twins.second)} == {"photo 2", "twin"}
    one, other = image_folds(("k2", "k6"), 3)
    assert crossed.leaks(twins) == (one != other)


def test_what_stands_out_is_said(pets: Survey) -> None:
    assert outline(pets) == "3 calib images and 5 test images of 4 classes with background."
    assert survey_findings(pets) == [
        "1 pair of pictures in two splits that are the same or nearly so, such as photo 0 and the first again: what is"
        " fitted on a picture must not be judged on it. Take one of each pair out.",
        "1 pair of pictures in one of the splits that are the same or nearly so count twice.",
        "calib: no pixel of <b>sky</b>, unicorn.",
        "calib: 1 image without a labelled pixel: nothing known.",
        "test: no pixel of unicorn.",
        "calib: fewer than 5 images of background, cat, dog.",
    ]


def test_folds_are_said_to_be_judged_in_turn(crossed: Survey) -> None:
    assert outline(crossed) == (
        "7 test images of 2 classes without background. They are calibrated and judged in turn, in 3 folds: no image"
        " judges itself."
    )
    assert not any("no pixel" in line for line in survey_findings(crossed))


def test_a_data_set_that_is_not_prepared_is_named(root: Path) -> None:
    with pytest.raises(
        UserError, match=r"prepared/fish holds no prepared data set; there is crossed, pets\. Run `dvc repro prepare@f"
    ):
        survey(root, "fish")
    with pytest.raises(UserError, match="there is nothing"):
        survey(root / "elsewhere", "fish")


@pytest.mark.parametrize("name", ["classes", "findings", "manifest"])
def test_a_file_that_was_changed_is_named(pets: Survey, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "data/prepared/pets"
    shutil.copytree(pets.folder, folder)
    for content in ("{", "[1]", "7", "null", '{"classes": 3, "notes": 3, "format": 3}'):
        (folder / f"{name}.json").write_text(content)
        with pytest.raises(UserError, match=rf"^{folder}/{name}\.json.*Delete it and run `dvc repro` again\.$"):
            survey(tmp_path, "pets")

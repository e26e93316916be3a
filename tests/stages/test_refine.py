"""The choice of a refinement on record: from calibration images, kept by its key, refused where it would leak."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256
from groupseg.networks.scenes.weights import save_model
from groupseg.refine.choice import CANDIDATES
from stages import paths, refine
from tests.networks.scenes.tiny import TINY, tiny_model
from tests.segments.test_build import CLASSES, samples
from tests.stages.small import note_code, save_text, set_params
from tests.tables import unit, vocabulary

FILE, DATASETS = Path("results/scenes/refine.json"), ["scenes20", "scenes59"]


def prepare(dataset: str, calib: int = 0, test: int = 0, folds: int = 0) -> None:
    """Prepares images of noise; `calib` and `test` say which."""
    drawn = samples(12)
    splits = {"test": drawn[6 + test : 9 + test]} | ({} if folds else {"calib": drawn[calib : 3 + calib]})
    write_samples(paths.prepared(dataset), CLASSES, True, splits, {"dataset": dataset}, folds)


@pytest.fixture(scope="module", autouse=True)
def chosen(shared: Path) -> None:
    set_params({"run.datasets": DATASETS})
    note_code()
    save_model(tiny_model(), paths.weights("scenes_small"), "key")
    for dataset in DATASETS:
        prepare(dataset)
        text = unit(np.random.default_rng(0).normal(size=(len(CLASSES), TINY["text_dim"])))
        save_text(vocabulary(CLASSES, text), dataset)
    refine.main()


def test_the_record_says_what_was_tried_on_what_and_what_is_best() -> None:
    record = read_json(FILE)
    assert (record["model"], record["split"], record["decides"]) == ("scenes_small", "calib", "global")
    assert record["weights_sha256"] == sha256(paths.weights("scenes_small"))
    assert set(record["candidates"]) == set(map(str, CANDIDATES))
    for one in record["candidates"].values():
        assert sorted(one["datasets"]) == DATASETS
        assert one["mean"] == pytest.approx(np.mean([figures["global"] for figures in one["datasets"].values()]))
    means = {name: one["mean"] for name, one in record["candidates"].items()}
    assert means[record["choice"]] == max(means.values())
    assert record["key"].keys() == {"data", "text", "params", "code"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: prepare("scenes59", test=1), ""),  # test images have no say
        (lambda: set_params({"refine.scenes_small.kind": "pamr"}), ""),
        (lambda: prepare("scenes59", calib=1), "data changed"),
        (lambda: save_model(tiny_model(tokens=5), paths.weights("scenes_small"), "key"), "data changed"),
        (lambda: save_text(vocabulary(CLASSES, np.eye(3, 8, dtype=np.float32)), "scenes20"), "texts changed"),
        (lambda: set_params({"run.datasets": ["scenes20", "scenes59"][:1]}), "parameters changed"),
        (lambda: note_code(refine="other"), "code changed"),
    ],
    ids=["test", "refine", "calib", "weights", "texts", "data sets", "code"],
)
def test_the_record_is_kept_while_its_key_is_right(
    copied: Path, capsys: pytest.CaptureFixture[str], change: Callable[[], object], reason: str
) -> None:
    before = FILE.read_bytes()
    change()
    refine.main()
    told = capsys.readouterr().out
    assert reason in told
    assert told.startswith("refine: 0 kept, 1 made" if reason else "refine: 1 kept, 0 made")
    assert (FILE.read_bytes() == before) == (not reason)
    assert f"Best on the calibration images: {read_json(FILE)['choice']}." in told


def test_images_that_are_judged_choose_nothing(copied: Path) -> None:
    prepare("scenes59", folds=3)
    with pytest.raises(UserError, match=r"scenes59 calibrates on its test images in turn \(crossfit\)"):
        refine.main()


def test_pixels_that_have_scores_are_refined_by_their_method(copied: Path) -> None:
    set_params({"run.model": "sclip_voc", "run.corpora": [], "evaluate.best": "own"})
    with pytest.raises(UserError, match="this model scores pixels, and is refined as its method says"):
        refine.main()

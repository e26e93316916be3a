"""Calibration on a table made up at random: what a record holds, which are kept, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256
from stages import calibrate
from tests.stages.small import note_code, save_table, save_text, set_params
from tests.tables import Case, random_case

STRATEGIES = ["fixed", "global", "per_class", "cosine", "learned"]
FOLDER = Path("results/scenes/calibration/scenes20")
CASE, OTHER = random_case(0, images=12), random_case(1, images=12)


@pytest.fixture(scope="module", autouse=True)
def calibrated(shared: Path) -> Case:
    """The calibration images, with a record of each strategy."""
    set_params(
        {
            "run.datasets": ["scenes20"],
            "run.strategies": STRATEGIES,
            "evaluate.best": "cosine",
            "strategies.learned.steps": 5,
        }
    )
    save_table(CASE, "calib")
    save_text(CASE.vocabulary)
    note_code()
    calibrate.main("scenes20")
    return CASE


def state() -> dict[str, tuple[str, int]]:
    """What each record holds, and when it was written."""
    return {path.stem: (sha256(path), path.stat().st_mtime_ns) for path in FOLDER.iterdir()}


def test_a_record_says_what_it_was_made_from() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.json" for name in STRATEGIES}
    record = read_json(FOLDER / "global.json")
    assert (record["dataset"], record["split"], record["images"]) == ("scenes20", "calib", 12)
    assert (record["rule"], record["params"]) == ("threshold", {"score": "product"})
    assert set(record["fitted"]) == {"threshold", "miou"}
    assert record["curve"]["threshold"]
    assert record["with_background"]
    assert record["text"]["words"] == ["puppy", *CASE.table.classes[1:]]
    assert record["text"]["templates"] == ["a photo of a {}."]
    assert len(record["text"]["ensemble"]) == len(CASE.vocabulary.ensemble)
    assert set(record["key"]) == {"data", "text", "params", "code"}


def change_both() -> None:
    set_params({"strategies.fixed.threshold": 0.2})
    note_code(fixed="other")


@pytest.mark.parametrize(
    ("change", "made", "told"),
    [
        (lambda: None, [], "5 kept, 0 made"),
        (lambda: set_params({"run.strategies": STRATEGIES[::-1]}), [], "5 kept, 0 made"),
        (lambda: set_params({"strategies.fixed.threshold": 0.2}), ["fixed"],
         "4 kept, 1 made (fixed: parameters changed)"),
        (lambda: note_code(threshold="other"), ["global", "cosine"], "3 kept, 2 made (global, cosine: code changed)"),
        (change_both, ["fixed"], "4 kept, 1 made (fixed: parameters and code changed)"),
        (lambda: set_params({"run.strategies": [*STRATEGIES, "prior"]}), ["prior"], "5 kept, 1 made (prior: new)"),
        (lambda: save_table(OTHER, "calib"), STRATEGIES, "0 kept, 5 made (fixed, global and 3 more: data changed)"),
        (lambda: save_text(OTHER.vocabulary), STRATEGIES, "0 kept, 5 made (fixed, global and 3 more: texts changed)"),
    ],
    ids=["nothing", "order", "parameter", "code", "both", "new", "data", "texts"],
)  # fmt: skip
def test_records_are_made_where_their_key_has_changed_and_nowhere_else(
    copied: Path, capsys: pytest.CaptureFixture[str], change: Callable[[], object], made: list[str], told: str
) -> None:
    before = state()
    change()
    calibrate.main("scenes20")
    after = state()
    assert {name for name, found in after.items() if found != before.get(name)} == set(made)
    assert capsys.readouterr().out.startswith(f"calibrate scenes20: {told} in ")
    calibrate.main("scenes20")
    assert state() == after


def test_a_record_made_again_is_the_same(copied: Path) -> None:
    before = {path: path.read_bytes() for path in FOLDER.iterdir()}
    for path in before:
        path.unlink()
    calibrate.main("scenes20")
    assert {path: path.read_bytes() for path in FOLDER.iterdir()} == before


def test_the_record_of_what_no_longer_runs_is_deleted(copied: Path) -> None:
    set_params({"run.strategies": ["fixed", "cosine"]})
    calibrate.main("scenes20")
    assert set(state()) == {"fixed", "cosine"}


@pytest.mark.parametrize(
    "content", [b"", b'{"key": {', b"[]", b"\xff\xfe", b'{"key": "abc"}', b'{"rule": "fixed"}'], ids=repr
)
def test_a_record_that_is_not_whole_is_made_again(copied: Path, content: bytes) -> None:
    before, path = state(), FOLDER / "cosine.json"
    whole = path.read_bytes()
    path.write_bytes(content)
    calibrate.main("scenes20")
    assert path.read_bytes() == whole
    assert {name for name, found in state().items() if found != before[name]} == {"cosine"}


def test_what_was_made_before_a_strategy_fails_stays(copied: Path) -> None:
    before = state()
    set_params({"run.strategies": ["fixed", "prompts_sclip", "cosine"]})
    save_text(CASE.vocabulary, lists={})
    with pytest.raises(UserError, match="word list"):
        calibrate.main("scenes20")
    assert {name for name, found in state().items() if found != before[name]} == {"fixed"}


def test_warnings_are_printed(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = CASE.table.histogram.toarray()
    empty[:, 2] = 0
    save_table(CASE, "calib", histogram=type(CASE.table.histogram)(empty))
    calibrate.main("scenes20")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "No calibration pixel of class1." in line]
    assert line.startswith("warning: scenes20: ")
    assert "per_class" in line


def test_embeddings_of_a_model_that_has_diverged_are_refused(copied: Path) -> None:
    save_table(CASE, "calib", image_embedding=np.full_like(CASE.table.image_embedding, np.nan))
    remedy = r"Lower the rates in models\.scenes_small\.training in params\.yaml"
    message = rf"are no numbers: models/scenes_small\.safetensors .*{remedy}"
    with pytest.raises(UserError, match=message):
        calibrate.main("scenes20")


def test_texts_of_another_class_list_are_refused(copied: Path) -> None:
    save_text(CASE.vocabulary, classes=["cat", "dog", "sky"])
    message = r"holds other classes than the segments of scenes20. Run `dvc repro embed_text@scenes20`"
    with pytest.raises(UserError, match=message):
        calibrate.main("scenes20")

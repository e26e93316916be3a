import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.predict.naming import Naming, calibrated_naming, find_naming, free_naming, parse_classes
from groupseg.refine.settings import UNREFINED, Pamr
from groupseg.strategies.record import calibrate
from groupseg.strategies.registry import STRATEGIES, build
from tests.datasets.test_class_lists import FORMS, NAMES
from tests.datasets.test_texts import ENCODED
from tests.predict.fakes import DIGEST
from tests.tables import random_case

ONE_LINE = r"[^\n]+"


def record(**changes: Any) -> dict[str, Any]:
    """What the pipeline writes for a calibration of three classes."""
    case = random_case(0)
    made = {
        "dataset": "random",
        "weights_sha256": DIGEST,
        "classes": list(case.table.classes),
        "with_background": True,
        "text": {"words": ["puppy", "class1", "class2"], "templates": ["a {}."], "ensemble": ["a {}.", "the {}."]},
    }
    return {**made, **build({"rule": "per_class"}).fit(case.table, case.vocabulary).to_json(), **changes}


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    return write(tmp_path, record())


def write(folder: Path, content: Any) -> Path:
    path = folder / "per_class.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "given", ["cat, sofa,potted plant", " cat ,sofa, potted plant ", ["cat", "sofa", "potted plant"]]
)
def test_classes_are_words_with_commas_between_them_or_a_list(given: str | list[str]) -> None:
    assert parse_classes(given) == ("cat", "sofa", "potted plant")


def test_classes_are_the_lines_of_a_text_file(tmp_path: Path) -> None:
    path = tmp_path / "classes.txt"
    path.write_text("cat\nsofa, red\n\n", encoding="utf-8-sig")
    assert parse_classes(str(path)) == ("cat", "sofa, red")


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("form", FORMS)
def test_a_list_of_any_tool_is_taken_and_never_its_path(tmp_path: Path, form: str, encoding: str) -> None:
    file, write = FORMS[form]
    for name in (file, file.upper()):
        (tmp_path / name).write_bytes(ENCODED[encoding]("\r\n".join(write(NAMES)) + "\r\n"))
        assert parse_classes(str(tmp_path / name)) == tuple(NAMES[1:])


def test_one_class_is_enough_and_two_thousand_are_not_too_many() -> None:
    assert parse_classes("cat") == ("cat",)
    assert len(parse_classes([f"thing {number}" for number in range(2000)])) == 2000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", 'classes: there is none. Name what to look for, such as "cat, sofa".'),
        ([], "classes: there is none"),
        (" , ", "classes: there is none"),
        ("cat,,sofa", "classes: entry 2 of 3 is empty"),
        ("cat, sofa,", "classes: entry 3 of 3 is empty"),
        ("cat, sofa, cat", "classes: 'cat' is given 2 times. Give each class once."),
        (["Cat", "cat"], "classes: 'cat' is given 2 times"),
        ("cat, background", "classes: 'background' is what none of the classes is"),
        ("missing.txt", "missing.txt is missing. Give a list of classes, one name a line"),
        ("cat, caf\udce9", r"classes: caf\\xe9 is not UTF-8"),
    ],
)
def test_a_class_list_that_says_nothing_is_refused(given: str | list[str], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}") as error:
        parse_classes(given)
    assert "\n" not in str(error.value)


def test_without_a_calibration_classes_stand_against_background_words() -> None:
    naming = free_naming("cat, sofa", threshold=1.5)
    case = random_case(3, classes=2)
    words = case.vocabulary.lists["sclip"].text
    lead = (case.table.embedding @ case.text.T).max(axis=1) - (case.table.embedding @ words.T).max(axis=1)
    found = naming.strategy.predict(case.table, case.vocabulary)
    assert len(np.unique(found)) > 1
    # Odds of the class against the likeliest word, as the softmax of the model gives them.
    np.testing.assert_array_equal(found > 0, np.exp(case.table.scale * lead) >= np.exp(1.5))
    assert naming.protocol()["strategy"] == {
        "calibration": None, "threshold": 1.5, "rule": "background_prompts",
        "params": {"words": "sclip", "calibrated": False},
    }  # fmt: skip


@pytest.mark.parametrize("rule", STRATEGIES)
def test_a_calibration_predicts_what_it_predicted_when_it_was_made(tmp_path: Path, rule: str) -> None:
    case, other = random_case(0, vectors=2), random_case(1, vectors=2)
    strategy = build({"rule": rule, **({"threshold": 0.5} if rule == "fixed" else {})})
    path = write(tmp_path, record(**strategy.fit(case.table, case.vocabulary).to_json()))
    naming = calibrated_naming(path, DIGEST)
    wanted = strategy.predict(other.table, case.vocabulary)
    np.testing.assert_array_equal(naming.strategy.predict(other.table, case.vocabulary), wanted)
    assert bool(naming.ensemble) == (rule == "floss")


@pytest.mark.parametrize("rule", STRATEGIES)
def test_what_was_found_for_other_classes_is_refused_by_name(tmp_path: Path, rule: str) -> None:
    case = random_case(0, vectors=2)
    strategy = build({"rule": rule, **({"threshold": 0.5} if rule == "fixed" else {})})
    good = record(**strategy.fit(case.table, case.vocabulary).to_json())
    # Vectors may be as many as one likes.
    names = [name for name, value in good["fitted"].items() if isinstance(value, list) and name != "learned"]
    lists = [name for name in names if name not in ("scores", "common")]
    for name in lists:
        for changed in (good["fitted"][name][:-1], good["fitted"][name] + good["fitted"][name][:1]):
            bad = {**good, "fitted": {**good["fitted"], name: changed}}
            for content in (
                bad,
                {**good, "fitted": {}, "folds": [{"fitted": good["fitted"]}, {"fitted": bad["fitted"]}]},
            ):
                path = write(tmp_path, content)
                with pytest.raises(UserError, match=rf"{path}: fitted\.{name} must have \d+ entries; it has \d+\. "):
                    calibrated_naming(path, DIGEST)


def test_a_calibration_brings_its_classes_and_words(calibration: Path) -> None:
    naming = calibrated_naming(calibration, DIGEST)
    assert naming.classes == ("class0", "class1", "class2")
    assert naming.words == ("puppy", "class1", "class2")
    assert naming.templates == ("a {}.",)
    assert naming.protocol()["words"] == {"class0": "puppy"}
    assert naming.protocol()["strategy"]["calibration"] == str(calibration)


def test_a_calibration_brings_how_masks_were_refined(tmp_path: Path) -> None:
    assert calibrated_naming(write(tmp_path, record()), DIGEST).refine == UNREFINED
    case = random_case(0)
    about = {"dataset": "random", "split": "calib", "weights_sha256": DIGEST, "refine": str(Pamr(steps=3))}
    text = record()["text"]
    made = calibrate(build({"rule": "per_class"}), replace(case.table, protocol=about), case.vocabulary, text)
    assert calibrated_naming(write(tmp_path, made), DIGEST).refine == Pamr(steps=3)


def test_classes_of_a_calibration_may_be_given_in_any_order(calibration: Path) -> None:
    assert calibrated_naming(calibration, DIGEST, "class2, class0, class1").classes == ("class0", "class1", "class2")


def test_a_data_set_without_background_has_none_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, record(with_background=False))
    assert not calibrated_naming(path, DIGEST).with_background
    assert calibrated_naming(path, DIGEST, with_background=True).with_background


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (record(), {"weights": "f" * 64}, "calibrated with the weights 0123456789ab, but the model has ffffffffffff"),
        (record(), {"classes": "class0, class1"}, "calibrated for class0, class1, class2, .* differ in class2"),
        (record(), {"classes": "class0, class1, class2, cat"}, "differ in cat"),
        ({}, {}, r"json: rule: is missing\. Give one of results/<run>/calibration/"),
        ([], {}, "json: must be a valid dictionary"),
        ("words", {}, "json: must be a valid dictionary"),
        (record(rule="best"), {}, "`rule` to be one of .* but got 'best'"),
        (record(fitted={}), {}, "does not fit its rule"),
        (record(fitted={**record()["fitted"], "thresholds": "high"}), {}, "rule: fitted.thresholds is none"),
        (record(weights_sha256=1), {}, "json: weights_sha256: must be a valid string; got 1"),
        (record(classes="abc"), {}, "json: classes: must be a valid list; got 'abc'"),
        (record(text={"words": ["a"], "templates": ["{}"], "ensemble": []}), {}, "1 words for 3 classes"),
        (record(refine="crf"), {}, "json: refine: 'crf' is none of none, guided, pamr"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(
    tmp_path: Path, content: Any, options: dict[str, Any], message: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(UserError, match=message) as error:
        calibrated_naming(path, **{"weights": DIGEST, **options})
    assert "\n" not in str(error.value)


def test_a_calibration_is_used_where_there_is_one(calibration: Path) -> None:
    assert find_naming(None, calibration, DIGEST).classes == ("class0", "class1", "class2")
    assert isinstance(find_naming("cat", None, DIGEST), Naming)
    with pytest.raises(UserError, match="there is none"):
        find_naming(None, None, DIGEST)

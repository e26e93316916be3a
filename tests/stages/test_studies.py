"""The studies on tables made up at random: what is written, which rows are kept, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from groupseg.errors import UserError
from stages import calibrate, studies
from tests.stages.small import note_code, save_table, save_text, set_params
from tests.tables import random_case

DATASETS = ["scenes20", "scenes59"]
STRATEGIES, VARIED, MOVED = ["fixed", "global", "cosine", "per_class"], ["fixed", "cosine"], ["global", "cosine"]
LEARNING = Path("results/scenes/learning/scenes20.csv")
VOCABULARY = Path("results/scenes/vocabulary/scenes20.csv")
TRANSFER = Path("results/scenes/transfer/scenes20.csv")


@pytest.fixture(scope="module", autouse=True)
def studied(shared: Path) -> None:
    """Two data sets, and studies of a few small draws."""
    set_params(
        {
            "run.datasets": DATASETS,
            **{f"datasets.{name}.baseline": "fixed" for name in DATASETS},
            "run.strategies": STRATEGIES,
            "evaluate.best": "cosine",
            "studies.learning": {"sizes": [2, 3, 50], "draws": 2, "seed": 0},
            "studies.vocabulary": {"sizes": [2, 50], "absent": [2], "draws": 2, "seed": 0, "strategies": VARIED},
        }
    )
    note_code()
    for seed, dataset in enumerate(DATASETS):
        save_table(random_case(seed, images=6, classes=4), "calib", dataset)
        save_table(random_case(seed + 10, images=6, classes=4), "test", dataset)
        save_text(random_case(seed, classes=4).vocabulary, dataset)
        calibrate.main(dataset)
    for dataset in DATASETS:
        studies.main(dataset)


def test_learning_has_every_strategy_size_and_draw() -> None:
    found = pd.read_csv(LEARNING)
    assert list(found.columns) == ["strategy", "images", "draw", "miou", "key"]
    assert list(found.strategy.unique()) == STRATEGIES
    assert set(zip(found.images, found.draw, strict=True)) == {(2, 0), (2, 1), (3, 0), (3, 1), (6, 0)}
    assert found.miou.between(0, 1).all()
    assert found.groupby("strategy").key.nunique().eq(1).all()


def test_vocabulary_has_names_of_other_classes_and_of_nothing() -> None:
    found = pd.read_csv("results/scenes/vocabulary/scenes59.csv")
    figures = ["threshold", "score", "miou", "miou_frozen", "miou_oracle"]
    assert list(found.columns) == ["kind", "strategy", "size", "draw", *figures, "key"]
    assert list(found.strategy.unique()) == VARIED
    assert set(found[found.kind == "others"]["size"]) == {2, 4}
    assert set(found[found.kind == "absent"]["size"]) == {4, 6, 10}
    assert found.notna().all(axis=None)


def test_transfer_has_every_data_set_that_a_rule_was_fitted_on() -> None:
    found = pd.read_csv(TRANSFER)
    assert list(found.columns) == ["strategy", "from", "to", "miou", "moved", "key"]
    assert list(found.strategy.unique()) == ["global", "cosine"]
    assert set(found["from"]) == {*DATASETS, "all"}
    assert set(found.to) == {"scenes20"}
    assert len(found) == 2 * 3


def test_the_studies_agree_where_they_meet() -> None:
    learned = pd.read_csv(LEARNING).query("strategy == 'cosine' and images == 6").miou.item()
    whole = pd.read_csv(VOCABULARY).query("kind == 'absent' and strategy == 'cosine' and size == 4").miou.item()
    moved = pd.read_csv(TRANSFER).set_index(["strategy", "from", "to"]).miou
    assert learned == whole == moved["cosine", "scenes20", "scenes20"]


def state() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (LEARNING, VOCABULARY, TRANSFER)}


def keys(path: Path) -> dict[str, str]:
    """The key of each strategy's rows, in the order of the table."""
    return dict(pd.read_csv(path)[["strategy", "key"]].drop_duplicates().to_numpy().tolist())


@pytest.mark.parametrize(
    ("change", "learning", "vocabulary", "moved"),
    [
        (lambda: None, [], [], []),
        (lambda: set_params({"strategies.cosine.score": "softmax"}), ["cosine"], ["cosine"], ["cosine"]),
        (lambda: set_params({"strategies.per_class.score": "cosine"}), ["per_class"], [], []),
        (lambda: note_code(threshold="other"), ["global", "cosine"], ["cosine"], MOVED),
        (lambda: set_params({"studies.learning.draws": 1}), STRATEGIES, [], []),
        (lambda: set_params({"studies.vocabulary.absent": [1]}), [], VARIED, []),
        (lambda: save_text(random_case(3, classes=4).vocabulary), STRATEGIES, VARIED, MOVED),
        (lambda: save_table(random_case(3, images=6, classes=4), "calib"), STRATEGIES, VARIED, MOVED),
        (lambda: save_table(random_case(3, images=6, classes=4), "test"), STRATEGIES, VARIED, MOVED),
    ],
    ids=["nothing", "parameter", "one study", "code", "learning", "vocabulary", "texts", "calib", "test"],
)
def test_rows_are_made_where_their_key_has_changed_and_nowhere_else(
    copied: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[], object],
    learning: list[str],
    vocabulary: list[str],
    moved: list[str],
) -> None:
    before = {path: keys(path) for path in (LEARNING, VOCABULARY, TRANSFER)}
    change()
    calibrate.main("scenes20")
    capsys.readouterr()
    studies.main("scenes20")
    told = capsys.readouterr().out.splitlines()
    for path, made, line in zip(before, (learning, vocabulary, moved), told, strict=True):
        after = keys(path)
        assert list(after) == list(before[path])
        assert {name for name in after if after[name] != before[path][name]} == set(made)
        kept = len(after) - len(made)
        assert line.startswith(f"{path.parent.name} scenes20: {kept} kept, {len(made)} made")


def test_kept_rows_are_those_that_would_be_made(copied: Path) -> None:
    set_params({"strategies.global.score": "cosine", "run.strategies": STRATEGIES[::-1]})
    calibrate.main("scenes20")
    studies.main("scenes20")
    kept = state()
    assert list(keys(LEARNING)) == STRATEGIES[::-1]
    for path in kept:
        path.unlink()
    studies.main("scenes20")
    assert state() == kept


def test_what_is_no_longer_studied_leaves_no_row(copied: Path) -> None:
    set_params({"run.strategies": ["fixed", "cosine"], "studies.vocabulary.strategies": ["cosine"]})
    studies.main("scenes20")
    assert (list(keys(LEARNING)), list(keys(VOCABULARY))) == (["fixed", "cosine"], ["cosine"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'a,b\n"', b"strategy,images\nfixed,2\n", b"[\n1,2\n"], ids=repr)
def test_a_table_that_is_not_whole_is_made_again(copied: Path, content: bytes) -> None:
    before = state()
    LEARNING.write_bytes(content)
    studies.main("scenes20")
    assert state() == before


def test_rows_of_which_one_lost_its_key_are_made_again(copied: Path) -> None:
    before = state()
    LEARNING.write_bytes(before[LEARNING][:-9])
    studies.main("scenes20")
    assert state() == before


def test_an_image_in_both_splits_is_refused(copied: Path) -> None:
    save_table(random_case(10, images=6, classes=4), "test", keys=tuple(f"calib-image{row}" for row in range(6)))
    before = state()
    with pytest.raises(UserError, match="6 images are in the calib and in the test split"):
        studies.main("scenes20")
    assert state() == before


def test_transfer_names_the_calibration_that_is_missing(copied: Path) -> None:
    Path("results/scenes/calibration/scenes59/cosine.json").unlink()
    with pytest.raises(UserError, match=r"scenes59/cosine\.json is missing"):
        studies.main("scenes20")


def test_transfer_of_the_same_calibrations_is_the_same(copied: Path) -> None:
    before = TRANSFER.read_bytes()
    TRANSFER.unlink()
    studies.main("scenes20")
    assert TRANSFER.read_bytes() == before

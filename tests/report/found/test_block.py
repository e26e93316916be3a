"""What was found, said of results that were made up: one way, and the other way."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from groupseg.report.found import cures, gap, rest, studies
from groupseg.report.found.block import findings, found_block
from groupseg.report.found.words import verdict
from groupseg.report.gains import Gain, Gains
from groupseg.report.kinds import CURE_KINDS
from groupseg.report.numbers import MINUS
from groupseg.report.results import TABLES
from groupseg.strategies.registry import STRATEGIES
from tests.report.made import HEIGHTS, MIOU, dataset, ladder, results
from tests.report.made import STRATEGIES as LOWER

# Everything the other way round: constants on top, the oracle and what was calibrated at the bottom.
REVERSED = {"fixed": 0.5, "global": 0.4, "cosine": 0.3, "per_class": 0.4, "context": 0.2}


def told(
    root: Path, miou: Mapping[str, float] = MIOU, oracle: float = 0.7, spread: float = 0.02, **given: object
) -> Gains:
    models = {name: given.pop(name, ()) for name in ("seeds", "trained")}
    one = dataset(miou=miou, oracle=oracle, spread=spread, **given)
    return Gains(results(root, [one], **models))  # type: ignore[arg-type]


def test_a_gain_needs_images_and_every_seed() -> None:
    assert Gain(0.1, 0.05, 0.15).sign == 1
    assert Gain(-0.1, -0.15, -0.05, (-0.01,)).sign == -1
    assert Gain(0.1, -0.01, 0.2).sign == 0
    assert Gain(0.1, 0.05, 0.15, (0.1, 0.2, -0.01)).sign == 0
    assert str(Gain(0.1, -0.01, 0.2)) == f"+10.0 [{MINUS}1.0, +20.0]"


def test_the_verdict_names_where_it_is_what() -> None:
    up, none, down = Gain(0.1, 0.05, 0.2), Gain(0.0, -0.1, 0.1), Gain(-0.1, -0.2, -0.05)
    assert verdict({"a": up, "b": up}) == "gains on all data sets"
    assert verdict({"a": none, "b": none}) == "shows nothing measurable on any data set"
    assert verdict({"a": down, "b": up, "c": none}) == "gains on b, shows nothing measurable on c and loses on a"
    assert verdict({"a": down}) == "loses on a"


@pytest.mark.parametrize(
    ("tell", "forth", "back"),
    [
        (gap.oracle_over_constant, "the label oracle gains on alpha", "the label oracle loses on alpha"),
        (gap.oracle_over_rules, "over `global` it gains on alpha: alpha +40.0", "over `global` it loses on alpha"),
        (gap.calibrating, "(`global`) gains on alpha against that constant", "(`global`) loses on alpha against that"),
        (gap.constants, "0.9 (`fixed`), loses on alpha against `global`", "0.9 (`fixed`), gains on alpha"),
        (gap.another_score, "(`cosine`) gains on alpha against `global`", "(`cosine`) loses on alpha against `global`"),
        (gap.best_rule, "`context` gains on alpha against one threshold on its score (`cosine`)", "loses on alpha"),
        (
            cures.which_cures,
            "a gain on some data set from the image as context",
            "a loss and no gain from the image as",
        ),
        (
            cures.which_cures,
            "nothing measurable from a threshold for each class",
            "nothing measurable from a threshold",
        ),
    ],
)
def test_sentences_read_the_other_way_when_the_figures_do(tmp_path: Path, tell: Any, forth: str, back: str) -> None:
    assert forth in tell(told(tmp_path))
    assert back in tell(told(tmp_path, REVERSED, oracle=0.1))
    unsure = tell(told(tmp_path, spread=0.9))
    assert "nothing measurable" in unsure
    assert "gains on" not in unsure


def test_a_seed_on_the_other_side_takes_a_gain_back(tmp_path: Path) -> None:
    assert "gains on alpha" in gap.calibrating(told(tmp_path, seeds=(0.01, 0.02)))
    turned = gap.calibrating(told(tmp_path / "other", seeds=(0.01, 0.2)))
    assert "nothing measurable on alpha" in turned


def test_the_ladder_says_what_is_left(tmp_path: Path) -> None:
    text = rest.known_truth(told(tmp_path))
    assert "which segments are background, its mIoU would rise on alpha: alpha +2.0 [+1.0, +3.0]." in text
    assert "which classes are in each image, its mIoU would rise on alpha: alpha +5.0" in text
    worse = ladder(HEIGHTS | {"true background": 0.45}, LOWER)
    assert "background, its mIoU would fall on alpha" in rest.known_truth(told(tmp_path, ladder=worse))
    assert "the largest step of the ladder everywhere" in rest.masks(told(tmp_path))
    good = ladder(HEIGHTS | {"label oracle": 0.95, "best labelling": 0.96}, LOWER)
    assert "the largest step of the ladder nowhere" in rest.masks(told(tmp_path, ladder=good))


def test_ties_are_named(tmp_path: Path) -> None:
    assert "`context` with 50.0 %, above all others" in rest.highest(told(tmp_path))
    near = MIOU | {"cosine": 0.495}
    assert "not to be told from `cosine`" in rest.highest(told(tmp_path, near))
    assert "not to be told from `cosine`" in rest.highest(told(tmp_path, MIOU | {"cosine": 0.47}, spread=0.05))


def learning(figures: Mapping[int, tuple[float, float]]) -> pd.DataFrame:
    rows = [("global", size, draw, miou) for size, pair in figures.items() for draw, miou in enumerate(pair)]
    return pd.DataFrame(rows, columns=TABLES["learning"])


def test_images_that_are_needed(tmp_path: Path) -> None:
    quick = learning({10: (0.296, 0.3), 400: (0.3, 0.3)})
    text = studies.images_of_one_threshold(told(tmp_path, learning=quick))
    assert "`global` needs to come within a point of its mIoU with all 400: 10 on alpha. With 10 images" in text
    assert f"from draw to draw: {MINUS}0.4 to +0.0 on alpha." in text
    slow = learning({10: (0.1, 0.2), 50: (0.2, 0.3), 400: (0.3, 0.3)})
    assert "with all 400: 400 on alpha." in studies.images_of_one_threshold(told(tmp_path, learning=slow))
    assert studies.images_of_one_threshold(told(tmp_path)) == studies.images_of_best(told(tmp_path)) == ""


@pytest.mark.parametrize(
    ("ends", "way"),
    [
        ((0.9, 0.3), "lower in every draw"),
        ((0.3, 0.9), "higher in every draw"),
        ((0.5, 0.5), "not one way in all draws"),
    ],
)
def test_where_thresholds_go_as_names_join(tmp_path: Path, ends: tuple[float, float], way: str) -> None:
    rows = [
        ("others", "global", size, draw, threshold + draw / 100, 0.5, 0.4, 0.4, 0.7)
        for size, threshold in zip((5, 20), ends, strict=True)
        for draw in range(2)
    ]
    table = pd.DataFrame(rows, columns=TABLES["vocabulary"])
    said = f"judged: alpha {ends[0] + 0.005:.2f} with 5 and {ends[1] + 0.005:.2f} with 20 ({way})."
    assert said in studies.names(told(tmp_path, vocabulary=table))


def test_what_moving_costs(tmp_path: Path) -> None:
    def table(there: float) -> pd.DataFrame:
        rows = [("global", source, "alpha", miou, "threshold") for source, miou in (("alpha", 0.4), ("b", there))]
        return pd.DataFrame(rows, columns=TABLES["transfer"])

    text = studies.moved(told(tmp_path, transfer=table(0.3)))
    assert f"`global` (threshold) by {MINUS}10.0 to {MINUS}10.0 points." in text
    assert "On average `global` loses most." in text
    assert "On average none loses." in studies.moved(told(tmp_path, transfer=table(0.5)))


def test_what_was_not_run_is_left_out(tmp_path: Path) -> None:
    bare = told(tmp_path, {"fixed": 0.2, "context": 0.5})
    assert gap.another_score(bare) == gap.calibrating(bare) == cures.which_cures(bare) == studies.names(bare) == ""
    assert all((sentence and sentence[0].isupper()) or sentence[0] == "`" for sentence in findings(bare))


def test_the_block_has_a_line_for_each_sentence_and_the_table(tmp_path: Path) -> None:
    found = told(tmp_path, seeds=(0.0, 0.0))
    block = found_block(found.results)
    assert [line[2:] for line in block.splitlines() if line.startswith("- ")] == findings(found)
    row = next(line for line in block.splitlines() if line.startswith("| the image as context"))
    assert row == "| the image as context | `context` | `cosine` | **+5.0 [+3.0, +7.0]** |"
    assert "means of 3 trainings that differ by their seed" in block
    assert "One training is at hand: other seeds were not looked at." in found_block(told(tmp_path / "one").results)


def test_every_rule_is_of_one_kind() -> None:
    rules = [rule for kind in CURE_KINDS.values() for rule in kind]
    assert sorted(rules) == sorted(STRATEGIES)

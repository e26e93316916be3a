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
from groupseg.report.kinds import KINDS
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
    seeds = given.pop("seeds", ())
    trained = {name: given.pop(name, ()) for name in ("constrained", "staged")}
    one = dataset(miou=miou, oracle=oracle, spread=spread, **given)
    return Gains(results(root, [one], seeds, **trained))  # type: ignore[arg-type]


def test_a_gain_needs_images_and_every_seed() -> None:
    assert Gain(0.1, 0.05, 0.15).sign == 1
    assert Gain(-0.1, -0.15, -0.05, (-0.01,)).sign == -1
    assert Gain(0.1, -0.01, 0.2).sign == 0
    assert Gain(0.1, 0.05, 0.15, (0.2, -0.01)).sign == 0
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
    assert "gains on alpha" in gap.calibrating(told(tmp_path, seeds=(0.05,)))
    assert "nothing measurable on alpha" in gap.calibrating(told(tmp_path / "other", seeds=(0.05, 0.2)))


def test_a_constraint_is_held_against_every_seed(tmp_path: Path) -> None:
    lower = cures.constraint(told(tmp_path / "a", seeds=(0.02,), constrained=(-0.1,)))
    assert f"with `m2` `context` loses on alpha: alpha {MINUS}11.0 [{MINUS}12.0, {MINUS}10.0]" in lower
    assert "the worst of 2 without it" in lower
    higher = cures.constraint(told(tmp_path / "b", seeds=(0.02,), constrained=(0.1,)))
    assert "gains on alpha" in higher
    between = cures.constraint(told(tmp_path / "c", seeds=(0.02,), constrained=(0.01,)))
    assert "shows nothing measurable on alpha" in between
    assert cures.constraint(told(tmp_path / "d", seeds=(0.02,))) == ""
    both = cures.constraint(told(tmp_path / "e", seeds=(0.02,), constrained=(-0.1, 0.1)))
    assert "with `m2` `context` loses on alpha" in both
    assert "with `m3` `context` gains on alpha" in both


def test_a_second_stage_is_held_against_every_seed_and_by_the_oracle_too(tmp_path: Path) -> None:
    found = told(tmp_path / "a", seeds=(0.02,), constrained=(0.3,), staged=(-0.1,))
    assert "against the best and the worst of 2 with one): with `m3` `context` loses on alpha" in cures.stages(found)
    assert "the label oracle shows nothing measurable on alpha" in cures.stages(found)
    assert "with `m2` `context` gains on alpha" in cures.constraint(found)
    assert "gains on alpha" in cures.stages(told(tmp_path / "b", seeds=(0.02,), staged=(0.1,)))
    assert cures.stages(told(tmp_path / "c", seeds=(0.02,))) == ""


def test_the_ladder_says_what_is_left(tmp_path: Path) -> None:
    text = rest.known_truth(told(tmp_path))
    assert "to know which segments are background gains on alpha: alpha +2.0 [+1.0, +3.0]" in text
    assert "classes are in the image gains on alpha: alpha +5.0" in text
    worse = ladder(HEIGHTS | {"true background": 0.45}, LOWER)
    assert "background loses on alpha" in rest.known_truth(told(tmp_path, ladder=worse))
    assert "the largest step everywhere" in rest.masks(told(tmp_path))
    good = ladder(HEIGHTS | {"label oracle": 0.95, "best labelling": 0.96}, LOWER)
    assert "nowhere the largest step" in rest.masks(told(tmp_path, ladder=good))


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
    assert f"`global` alpha 10 [{MINUS}0.4 to +0.0 with 10]" in studies.images_needed(told(tmp_path, learning=quick))
    slow = learning({10: (0.1, 0.2), 50: (0.2, 0.3), 400: (0.3, 0.3)})
    assert "`global` alpha 400 [" in studies.images_needed(told(tmp_path, learning=slow))
    assert studies.images_needed(told(tmp_path)) == ""


@pytest.mark.parametrize(("ends", "way"), [((0.9, 0.3), "down"), ((0.3, 0.9), "up")])
def test_where_thresholds_go_as_names_join(tmp_path: Path, ends: tuple[float, float], way: str) -> None:
    rows = [
        ("others", "global", size, draw, threshold + draw / 100, 0.5, 0.4, 0.4, 0.7)
        for size, threshold in zip((5, 20), ends, strict=True)
        for draw in range(2)
    ]
    table = pd.DataFrame(rows, columns=TABLES["vocabulary"])
    assert f"`global` alpha {ends[0] + 0.005:.2f} to {ends[1] + 0.005:.2f} ({way}," in studies.names(
        told(tmp_path, vocabulary=table)
    )


def test_what_moving_costs(tmp_path: Path) -> None:
    def table(there: float) -> pd.DataFrame:
        rows = [("global", source, "alpha", miou, "threshold") for source, miou in (("alpha", 0.4), ("b", there))]
        return pd.DataFrame(rows, columns=TABLES["transfer"])

    text = studies.moved(told(tmp_path, transfer=table(0.3)))
    assert f"`global` (threshold) {MINUS}10.0 to {MINUS}10.0. On average `global` suffers most." in text
    assert "On average none loses." in studies.moved(told(tmp_path, transfer=table(0.5)))


def test_what_was_not_run_is_left_out(tmp_path: Path) -> None:
    bare = told(tmp_path, {"fixed": 0.2, "context": 0.5})
    assert gap.another_score(bare) == gap.calibrating(bare) == cures.which_cures(bare) == studies.names(bare) == ""
    assert all((sentence and sentence[0].isupper()) or sentence[0] == "`" for sentence in findings(bare))


def test_the_block_has_a_line_for_each_sentence_and_the_table(tmp_path: Path) -> None:
    found = told(tmp_path, seeds=(0.01,))
    block = found_block(found.results)
    assert [line[2:] for line in block.splitlines() if line.startswith("- ")] == findings(found)
    row = next(line for line in block.splitlines() if line.startswith("| the image as context"))
    assert row == "| the image as context | `context` | `cosine` | **+5.0 [+3.0, +7.0]** |"
    assert "2 trainings differ by their seed." in block


def test_every_rule_is_of_one_kind() -> None:
    rules = [rule for kind in KINDS.values() for rule in kind]
    assert sorted(rules) == sorted(STRATEGIES)

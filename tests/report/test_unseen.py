"""What is said of classes that training never showed: one way, the other way, and where nothing is known."""

from pathlib import Path
from typing import Any

import pytest

from groupseg.errors import UserError
from groupseg.io.files import write_json
from groupseg.report.found.block import found_block
from groupseg.report.numbers import MINUS
from groupseg.report.results import Results
from groupseg.report.unseen import unseen_block, unseen_sentences
from tests.report.made import dataset, results

ORACLE = "label oracle"


def figures(seen: float | None, unseen: float | None, cost: float | None, spread: float = 0.01) -> dict[str, Any]:
    """What a strategy reaches; other figures follow from these."""
    harmonic = None if seen is None or unseen is None else 2 * seen * unseen / (seen + unseen)
    taught = None if unseen is None or cost is None else unseen + cost
    given = {"seen": seen, "unseen": unseen, "harmonic": harmonic, "taught": taught, "cost": cost}
    ends = {
        f"{name}_ci": [None, None] if value is None else [value - spread, value + spread]
        for name, value in given.items()
    }
    return {**given, **ends, "key": "0"}


def told(
    root: Path, cost: float | None = 0.1, spread: float = 0.01, seen: float | None = 0.5, **others: dict[str, Any]
) -> Results:
    found = results(root, [dataset()])
    rows = {name: figures(seen, 0.3, cost, spread) for name in ("global", "context")} | others
    entry = {
        "unseen": ["cat", "sky"],
        "strategies": rows,
        "oracle": {"label": figures(0.6, 0.55, None if cost is None else -cost, spread)},
    }
    write_json(found.folder / "unseen.json", {"model": "m", "datasets": {"alpha": entry, "gone": entry}})
    return found


def test_sentences_say_what_is_reached_and_what_it_costs(tmp_path: Path) -> None:
    reached, cost = unseen_sentences(told(tmp_path))
    assert "nor named, `context` reaches a mean IoU of 30.0 % on alpha (2 classes; others 50.0 %)." in reached
    assert "`context` gains on alpha: alpha +10.0 [+9.0, +11.0]" in cost
    assert f"the label oracle loses on alpha: alpha {MINUS}10.0" in cost


def test_sentences_read_the_other_way_when_the_figures_do(tmp_path: Path) -> None:
    cost = unseen_sentences(told(tmp_path, cost=-0.1))[1]
    assert f"`context` loses on alpha: alpha {MINUS}10.0" in cost
    assert "the label oracle gains on alpha" in cost
    unsure = unseen_sentences(told(tmp_path / "other", spread=0.2))[1]
    assert "`context` shows nothing measurable on alpha" in unsure
    assert "gains on" not in unsure


def test_what_is_not_defined_is_not_said(tmp_path: Path) -> None:
    found = told(tmp_path, cost=None, seen=None)
    assert unseen_sentences(found) == []
    assert "| `context` | \N{EN DASH} | 30.0 [29.0, 31.0] | \N{EN DASH} | \N{EN DASH} |" in unseen_block(found)


def test_the_block_lists_every_strategy_and_the_oracle(tmp_path: Path) -> None:
    block = unseen_block(told(tmp_path, cosine=figures(0.4, 0.39, 0.1)))
    assert "<summary>alpha: the highest harmonic mean is that of cosine, 39.5</summary>" in block
    assert "2 unseen classes: cat, sky." in block
    assert "| `global` | 50.0 [49.0, 51.0] | 30.0 [29.0, 31.0] | 37.5 [36.5, 38.5] | 40.0 [39.0, 41.0] |" in block
    assert "| label oracle | 60.0 [59.0, 61.0] | 55.0 [54.0, 56.0] |" in block
    assert "gone" not in block


def test_where_nothing_was_measured_it_says_how(tmp_path: Path) -> None:
    found = results(tmp_path, [dataset()])
    assert "`python -m stages.unseen`" in unseen_block(found)
    assert "`results/run/unseen.json`" in unseen_block(found)
    assert unseen_sentences(found) == []


def test_what_was_found_has_these_sentences(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert all(f"- {sentence}\n" in found_block(found) for sentence in unseen_sentences(found))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    found = told(tmp_path)
    write_json(found.folder / "unseen.json", {"datasets": {"alpha": {"unseen": []}}})
    with pytest.raises(UserError, match=r"unseen\.json: .*is missing\. Delete it and run `python -m stages\.unseen`"):
        unseen_block(found)

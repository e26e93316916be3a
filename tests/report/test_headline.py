"""The table at the top of the README, of results that were made up."""

from pathlib import Path

from groupseg.report.headline import headline_block
from groupseg.report.tables import results_table
from tests.report.made import MIOU, dataset, results


def rows(block: str) -> dict[str, list[str]]:
    """The cells of each row, by name."""
    cells = [line[2:-2].split(" | ") for line in block.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells}


def test_with_seeds_a_cell_is_their_mean_and_spread(tmp_path: Path) -> None:
    found = rows(headline_block(results(tmp_path, [dataset()], seeds=(0.02, 0.03))))
    assert list(found)[2:] == ["constant", "global", "context", "label oracle"]
    assert found["constant"] == ["21.7 (20.0\N{EN DASH}23.0)", "0 %", "\N{MINUS SIGN}21 %"]
    assert found["context"] == ["**51.7 (50.0\N{EN DASH}53.0)**", "62 %", "54 %"]
    assert found["label oracle"] == ["70.0 (70.0\N{EN DASH}70.0)", "100 %", "100 %"]


def test_with_one_training_a_cell_has_its_interval(tmp_path: Path) -> None:
    found = rows(headline_block(results(tmp_path, [dataset()])))
    assert found["context"][0] == "**50.0 [48.0, 52.0]**"
    assert found["constant"][0] == "20.0 [18.0, 22.0]"


def test_all_that_cannot_be_told_from_the_best_is_bold(tmp_path: Path) -> None:
    near = MIOU | {"cosine": 0.49}
    run = results(tmp_path, [dataset(miou=near)])
    bold = {row[0] for row in results_table(run, list(near)) if row[1].startswith("**")}
    assert bold == {"cosine", "context"}
    # A difference that every seed shows counts, unless one shows the other way.
    sure = results(tmp_path / "sure", [dataset()], seeds=(0.01,))
    assert [row[0] for row in results_table(sure, list(MIOU)) if row[1].startswith("**")] == ["context"]
    turned = results(tmp_path / "turned", [dataset()], seeds=(-0.25,))
    assert {row[0] for row in results_table(turned, list(MIOU)) if row[1].startswith("**")} == {"context", "global"}

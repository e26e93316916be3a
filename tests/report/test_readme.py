import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groupseg.errors import UserError
from groupseg.report.readme import (
    MINUS,
    NOTHING,
    markdown,
    percent,
    plain,
    protocol_line,
    signed,
    table,
    update_page,
    with_interval,
)
from groupseg.report.results import Results, read_results
from tests.results import DATASETS, STRATEGIES

CHECKOUT = Path(__file__).parents[2]
START, END = "<!-- results:start -->", "<!-- results:end -->"


def test_table_holds_the_numbers_of_the_files(results: Results) -> None:
    heading, *rows = table(results)
    assert heading[1:] == list(DATASETS)
    assert [row[0] for row in rows] == [*STRATEGIES, "label oracle"]
    for column, name in enumerate(DATASETS, start=1):
        metrics: dict[str, Any] = json.loads((results.root / f"results/metrics/{name}.json").read_text("utf-8"))
        cells = {row[0]: row[column] for row in rows}
        for strategy, figures in {
            **metrics["strategies"],
            "label oracle": metrics["oracle"]["label"],
        }.items():
            low, high = figures["miou_ci"]
            assert cells[strategy].strip("*") == f"{100 * figures['miou']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def test_one_cell_of_each_data_set_is_bold_and_no_oracle(results: Results) -> None:
    _, *rows, oracle = table(results)
    for column, dataset in enumerate(results.datasets, start=1):
        bold = [row[0] for row in rows if row[column].startswith("**")]
        assert bold == [dataset.winner]
        assert "*" not in oracle[column]


def test_markdown_is_a_table_and_names_the_protocol(results: Results) -> None:
    lines = markdown(results).splitlines()
    assert [line.count("|") for line in lines[: 3 + len(STRATEGIES)]] == [4] * (3 + len(STRATEGIES))
    for word in ("scenes_small", "abababababab", "random; a {}.", "96x96", "whole", "test", "images `8`"):
        assert word in lines[-1]


def test_what_differs_between_data_sets_is_listed_in_their_order(results: Results) -> None:
    first, second = results.datasets
    other = replace(second, metrics=second.metrics | {"images": 9})
    line = protocol_line(replace(results, datasets=(first, other, first)))
    assert "images `8 / 9 / 8`" in line
    assert "resolution `96x96`" in line


def test_plain_marks_the_best_and_lines_up(results: Results) -> None:
    lines = plain(results).splitlines()
    assert lines[0].index("beta") == lines[2].index(with_interval(results.datasets[1].strategies["fixed"])[:4])
    assert sum(line.count(" *") for line in lines[:-3]) == len(DATASETS)
    assert "**" not in plain(results)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.1234, "+12.3"), (-0.1234, f"{MINUS}12.3"), (-0.0001, "+0.0"), (None, NOTHING)]
)
def test_differences_carry_their_sign(value: float | None, expected: str) -> None:
    assert signed(value) == expected


def test_what_is_not_defined_is_a_dash() -> None:
    assert percent(None) == with_interval({}) == with_interval({"miou": None, "miou_ci": [None, None]}) == NOTHING


def test_update_rewrites_the_block_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"above\n{START}\nold\n{END}\nbelow\n", encoding="utf-8")
    assert update_page(page, {"results": "new"}, write=False)
    assert "old" in page.read_text("utf-8")
    assert update_page(page, {"results": "new"})
    assert page.read_text("utf-8") == f"above\n{START}\nnew\n{END}\nbelow\n"
    assert not update_page(page, {"results": "new"})


def test_a_page_has_several_blocks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"<!-- b:start -->\n<!-- b:end -->\n{START}\nold\n{END}\n", encoding="utf-8")
    assert update_page(page, {"results": "one", "b": "two"})
    assert page.read_text("utf-8") == f"<!-- b:start -->\ntwo\n<!-- b:end -->\n{START}\none\n{END}\n"


@pytest.mark.parametrize("text", ["", START, END, f"{END}{START}", f"{START}{START}{END}", f"{START}{END}{END}"])
def test_update_wants_each_marker_once(tmp_path: Path, text: str) -> None:
    page = tmp_path / "README.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"README\.md must hold"):
        update_page(page, {"results": "new"})
    assert page.read_text("utf-8") == text


def test_update_names_a_missing_page(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"README\.md is missing"):
        update_page(tmp_path / "README.md", {"results": "new"})


def test_the_readme_shows_the_results_that_are_committed() -> None:
    assert not update_page(CHECKOUT / "README.md", {"results": markdown(read_results(CHECKOUT))}, write=False)

import json
from dataclasses import replace
from typing import Any

import pytest

from groupseg.report.gains import Gains
from groupseg.report.results import DatasetResults, Results
from groupseg.report.tables import (
    MINUS,
    NOTHING,
    figures_table,
    headline_strategies,
    markdown,
    percent,
    plain,
    protocol_line,
    results_table,
    share,
    signed,
    strategies,
    strategies_table,
    with_interval,
)
from groupseg.report.ties import ties
from tests.results import BEST, DATASETS, STRATEGIES


def test_table_holds_the_numbers_of_the_files(results: Results) -> None:
    heading, *rows = results_table(results, STRATEGIES)
    assert heading[1:] == [*DATASETS, "from constant", "from global"]
    assert [row[0] for row in rows] == [*STRATEGIES, "label oracle"]
    for column, name in enumerate(DATASETS, start=1):
        metrics: dict[str, Any] = json.loads((results.root / f"results/scenes/metrics/{name}.json").read_text("utf-8"))
        cells = {row[0]: row[column] for row in rows}
        for strategy, figures in {
            **metrics["strategies"],
            "label oracle": metrics["oracle"]["label"],
        }.items():
            low, high = figures["miou_ci"]
            assert cells[strategy].strip("*") == f"{100 * figures['miou']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def test_cells_that_cannot_be_told_from_the_best_are_bold_and_no_oracle(results: Results) -> None:
    _, *rows, oracle = results_table(results, STRATEGIES)
    for column, dataset in enumerate(results.datasets, start=1):
        bold = {row[0] for row in rows if row[column].startswith("**")}
        assert dataset.winner in bold == ties(Gains(results))[dataset.name]
        assert "*" not in oracle[column]


def test_markdown_is_a_table_and_names_the_protocol(results: Results) -> None:
    lines = markdown(results, STRATEGIES).splitlines()
    assert [line.count("|") for line in lines[: 3 + len(STRATEGIES)]] == [6] * (3 + len(STRATEGIES))
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
    assert sum(line.count(" *") for line in lines[:-4]) == sum(map(len, ties(Gains(results)).values()))
    assert "**" not in plain(results)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.1234, "+12.3"), (-0.1234, f"{MINUS}12.3"), (-0.0001, "+0.0"), (None, NOTHING)]
)
def test_differences_carry_their_sign(value: float | None, expected: str) -> None:
    assert signed(value) == expected


def test_what_is_not_defined_is_a_dash() -> None:
    assert percent(None) == with_interval({}) == with_interval({"miou": None, "miou_ci": [None, None]}) == NOTHING


def test_the_headline_is_the_start_one_threshold_and_the_best(results: Results) -> None:
    assert strategies(results) == list(STRATEGIES)
    named = headline_strategies(results)
    assert {"constant", "global", BEST} <= set(named)
    assert {dataset.winner for dataset in results.datasets} <= set(named)
    assert named == ["constant", *(name for name in STRATEGIES if name in named)]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.666, "67 %"), (-0.2, f"{MINUS}20 %"), (-0.001, "0 %"), (None, NOTHING)]
)
def test_shares_are_whole_percents(value: float | None, expected: str) -> None:
    assert share(value) == expected


def test_the_table_of_the_report_falls_by_what_is_reached_on_all_data_sets_together(results: Results) -> None:
    found = strategies_table(results)
    reached = {name: sum(one.strategies[name]["miou"] for one in results.datasets) for name in STRATEGIES}
    assert [row[0] for row in found.rows] == [f"`{name}`" for name in sorted(reached, key=lambda name: -reached[name])]
    assert {row[0].strip("`"): list(row[1:]) for row in found.rows} == {
        row[0]: row[1:] for row in results_table(results, STRATEGIES)[1:-1]
    }
    shares = [float(row[found.sorted].replace(MINUS, "-").removesuffix(" %")) for row in found.rows]
    assert shares == sorted(shares, reverse=True)
    assert [row[0] for row in found.foot] == ["label oracle"]


def test_the_table_of_a_data_set_holds_its_figures_and_marks_ties(dataset: DatasetResults) -> None:
    found = figures_table(dataset, {dataset.winner})
    assert [row[0] for row in found.rows] == [f"`{name}`" for name in dataset.ranking]
    assert [row[1].startswith("**") for row in found.rows] == [name == dataset.winner for name in dataset.ranking]
    for name, row in zip([*dataset.ranking, ""], (*found.rows, *found.foot), strict=True):
        figures = dataset.strategies.get(name, dataset.oracle)
        assert row[1].strip("*") == with_interval(figures)
        assert row[3:] == [percent(figures[key]) for key in ("background_iou", "foreground_miou", "pixel_accuracy")]
        own = signed(figures["difference_to_baseline"]) if name else ""
        assert row[2] == NOTHING if name in (dataset.baseline, "") else row[2].startswith(f"{own} [")

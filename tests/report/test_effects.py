import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from groupseg.report.effects import ABSENT, difference, effect
from groupseg.report.results import DatasetResults, Results, gap_closed, read_results
from groupseg.report.roles import REFERENCE
from groupseg.report.tables import MINUS, NOTHING, signed
from groupseg.strategies.registry import STRATEGIES
from tests.results import DATASETS, build

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return read_results(build(tmp_path_factory.mktemp("project")))


def cells(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without its heading."""
    return [line[2:-2].split(" | ") for line in table.splitlines()[2:]]


def with_miou(dataset: DatasetResults, **miou: float | None) -> DatasetResults:
    """The data set with other figures; `oracle` is that of the label oracle."""
    metrics = {
        "strategies": {
            name: figures | ({"miou": miou[name]} if name in miou else {})
            for name, figures in dataset.strategies.items()
        },
        "oracle": {"label": dataset.oracle | {"miou": miou["oracle"]}},
    }
    return replace(dataset, metrics=dataset.metrics | metrics)


def test_a_table_holds_the_strategies_of_the_rule_and_their_figures(results: Results) -> None:
    rows = cells(effect(results, "relative"))
    assert [row[1] for row in rows] == list(DATASETS)
    for row, dataset in zip(rows, results.datasets, strict=True):
        figures = dataset.strategies["relative"]
        assert row[2] == f"{100 * figures['miou']:.1f}"
        found = difference(dataset, "relative")
        assert found is not None
        assert found[0] == pytest.approx(figures["miou"] - dataset.strategies[REFERENCE]["miou"], abs=2e-6)
        assert found[1] <= found[0] <= found[2]
        value, low, high = map(signed, found)
        assert row[3] == f"{value} [{low}, {high}]"
    assert rows[0][0] == "`relative`: score product, by max"


def test_every_strategy_of_a_rule_is_listed_with_its_settings(results: Results) -> None:
    rows = cells(effect(results, "threshold"))
    assert [row[0] for row in rows] == ["`global`: score product", "", "`cosine`: score cosine", ""]
    assert [row[1] for row in rows] == [*DATASETS] * 2
    assert [row[3] == NOTHING for row in rows] == [
        True,
        True,
        False,
        False,
    ]  # `global` is what others are compared with


def test_a_difference_does_not_depend_on_the_order_of_the_pair(results: Results) -> None:
    dataset = results.datasets[0]
    pairs = pd.DataFrame(
        [("cosine", "global", 0.03, 0.01, 0.06, 0.01), ("global", "relative", 0.02, -0.01, 0.05, 0.3)],
        columns=["first", "second", "difference", "low", "high", "p"],
    )
    dataset = replace(dataset, tables=dataset.tables | {"pairs": pairs})
    assert difference(dataset, "cosine") == (0.03, 0.01, 0.06)
    assert difference(dataset, "relative") == (-0.02, -0.05, 0.01)
    assert difference(dataset, "global") is None
    assert difference(dataset, "fixed") is None


def test_the_gap_runs_from_the_fixed_threshold_to_the_label_oracle(results: Results) -> None:
    dataset = with_miou(results.datasets[0], fixed=0.2, cosine=0.35, relative=0.1, oracle=0.6)
    assert gap_closed([dataset], "fixed") == 0
    assert gap_closed([dataset], "cosine") == pytest.approx(0.375)
    assert gap_closed([dataset], "relative") == pytest.approx(-0.25)
    table = effect(replace(results, datasets=(dataset,)), "relative")
    assert cells(table)[0][4] == f"{MINUS}25 %"
    assert cells(effect(replace(results, datasets=(dataset,)), "fixed"))[0][4] == "0 %"


def test_several_data_sets_have_one_gap(results: Results) -> None:
    first, second = results.datasets
    datasets = [
        with_miou(first, fixed=0.2, cosine=0.3, oracle=0.6),
        with_miou(second, fixed=0.1, cosine=0.4, oracle=0.5),
    ]
    assert gap_closed(datasets, "cosine") == pytest.approx((0.1 + 0.3) / (0.4 + 0.4))


def test_no_gap_no_share(results: Results) -> None:
    assert gap_closed([with_miou(results.datasets[0], fixed=0.6, oracle=0.6)], "cosine") is None
    assert gap_closed([with_miou(results.datasets[0], fixed=None, oracle=None)], "cosine") is None
    table = effect(replace(results, datasets=(with_miou(results.datasets[0], cosine=None, oracle=0.6),)), "threshold")
    assert cells(table)[1][2] == cells(table)[1][4] == NOTHING


def test_a_rule_that_does_not_run_says_so(results: Results) -> None:
    assert effect(results, "learned") == ABSENT


def test_every_rule_has_a_section_and_every_section_a_rule() -> None:
    text = (CHECKOUT / "docs/strategies.md").read_text("utf-8")
    sections = re.findall(r"^### `(\w+)`$", text, flags=re.MULTILINE)
    assert sorted(sections) == sorted(STRATEGIES)
    # The measured effect of each stands in its own section.
    parts = re.split(r"^##+ ", text, flags=re.MULTILINE)
    for rule in sections:
        (part,) = (part for part in parts if part.startswith(f"`{rule}`\n"))
        assert re.findall(r"<!-- effect:(\w+):(start|end) -->", part) == [(rule, "start"), (rule, "end")]

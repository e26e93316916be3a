from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from groupseg.report.results import TABLES, DatasetResults
from groupseg.report.tables import MINUS
from groupseg.report.vocabulary import vocabulary_figure, vocabulary_finding


def row(kind: str, strategy: str, size: int, draw: int, miou: float, frozen: float) -> tuple[object, ...]:
    threshold = 0.9 if strategy == "fixed" else 1 / size
    return (kind, strategy, size, draw, threshold, 0.4, miou, frozen, 0.8)


def with_rows(dataset: DatasetResults, rows: list[tuple[object, ...]]) -> DatasetResults:
    return replace(dataset, tables=dataset.tables | {"vocabulary": pd.DataFrame(rows, columns=TABLES["vocabulary"])})


ROWS = [
    row("subset", "cosine", 2, 0, 0.6, 0.5),
    row("subset", "cosine", 2, 1, 0.8, 0.6),
    row("subset", "cosine", 4, 0, 0.5, 0.5),
    row("subset", "fixed", 2, 0, 0.3, 0.3),
    row("absent", "cosine", 6, 0, 0.5, 0.45),
]


def test_panels_hold_the_means_of_each_kind(dataset: DatasetResults) -> None:
    figure = vocabulary_figure(with_rows(dataset, ROWS))
    assert len(figure.axes) == 6
    miou = figure.axes[2]
    lines = {tuple(np.round(line.get_ydata(), 6)) for line in miou.lines}
    assert {(70, 50), (55, 50), (80, 80)} <= lines


def test_a_kind_that_was_not_studied_has_no_row(dataset: DatasetResults) -> None:
    assert len(vocabulary_figure(with_rows(dataset, ROWS[:4])).axes) == 3


def test_real_rows_and_many_sizes_can_be_drawn(dataset: DatasetResults) -> None:
    vocabulary_figure(dataset).canvas.draw()
    rows = [row("subset", name, size, 0, 0.5, np.nan) for name in ("cosine", "other") for size in range(1, 60)]
    vocabulary_figure(with_rows(dataset, rows)).canvas.draw()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            ROWS,
            f"with the fewest classes (2 in all) cosine {MINUS}15.0; "
            f"with the most absent classes (6 in all) cosine {MINUS}5.0.",
        ),
        (ROWS[:3], f"with the fewest classes (2 in all) cosine {MINUS}15.0."),
        (ROWS[3:4], "No strategy was fitted on another class list."),
    ],
)
def test_finding_says_what_an_old_threshold_costs(
    dataset: DatasetResults, rows: list[tuple[object, ...]], expected: str
) -> None:
    assert vocabulary_finding(with_rows(dataset, rows)).endswith(expected)

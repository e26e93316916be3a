import numpy as np
import pandas as pd
import pytest

from groupseg.report.results import TABLES, DatasetResults
from groupseg.report.tables import MINUS
from groupseg.report.vocabulary import relative, vocabulary_figure, vocabulary_finding
from tests.report.made import dataset


def row(kind: str, strategy: str, size: int, draw: int, miou: float, frozen: float) -> tuple[object, ...]:
    threshold = 0.9 if strategy == "fixed" else 1 / size
    return (kind, strategy, size, draw, threshold, 0.4 * size, miou, frozen, 0.8)


def with_rows(rows: list[tuple[object, ...]]) -> DatasetResults:
    return dataset(vocabulary=pd.DataFrame(rows, columns=TABLES["vocabulary"]))


ROWS = [
    row("others", "cosine", 2, 0, 0.6, 0.5),
    row("others", "cosine", 2, 1, 0.8, 0.6),
    row("others", "cosine", 4, 0, 0.5, 0.5),
    row("others", "fixed", 2, 0, 0.3, 0.3),
    row("absent", "cosine", 4, 0, 0.5, 0.5),
    row("absent", "cosine", 8, 0, 0.5, 0.45),
]


def test_panels_hold_the_means_of_each_kind() -> None:
    figure = vocabulary_figure(with_rows(ROWS))
    assert len(figure.axes) == 6
    miou = figure.axes[2]
    lines = {tuple(np.round(line.get_ydata(), 6)) for line in miou.lines}
    assert {(70, 50), (55, 50), (80, 80)} <= lines


def test_scores_and_thresholds_are_1_for_all_classes_whatever_their_unit() -> None:
    table = relative(with_rows(ROWS).tables["vocabulary"])
    assert table["score"].tolist()[:3] == [0.5, 0.5, 1]
    assert table["threshold"].tolist()[:3] == [2, 2, 1]
    assert np.isnan(table["score"][3])  # `fixed` was not tried with all classes
    assert table["score"].tolist()[4:] == [1, 2]


def test_a_kind_that_was_not_studied_has_no_row() -> None:
    assert len(vocabulary_figure(with_rows(ROWS[:4])).axes) == 3


def test_many_sizes_and_missing_figures_can_be_drawn() -> None:
    rows = [row("others", name, size, 0, 0.5, np.nan) for name in ("cosine", "other") for size in range(1, 60)]
    vocabulary_figure(with_rows(rows)).canvas.draw()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            ROWS,
            "From 2 to 4 names, by names of other classes, best thresholds go: cosine 0.50 to 0.25. Where that for all "
            f"classes is kept, it costs at the other end: cosine {MINUS}15.0 points. From 4 to 8 names, by names of "
            "nothing, best thresholds go: cosine 0.25 to 0.12. Where that for all classes is kept, it costs at the "
            f"other end: cosine {MINUS}5.0 points.",
        ),
        (ROWS[3:4], "No strategy was fitted on another class list."),
    ],
)
def test_finding_says_how_thresholds_move_and_what_an_old_one_costs(
    rows: list[tuple[object, ...]], expected: str
) -> None:
    assert vocabulary_finding(with_rows(rows)) == expected

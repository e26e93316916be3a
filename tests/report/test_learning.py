from dataclasses import replace

import numpy as np
import pandas as pd

from groupseg.report.learning import learning_figure, learning_finding, needed, spread
from groupseg.report.results import DatasetResults
from tests.results import STRATEGIES


def with_rows(dataset: DatasetResults, rows: list[tuple[str, int, int, float]]) -> DatasetResults:
    table = pd.DataFrame(rows, columns=["strategy", "images", "draw", "miou"])
    return replace(dataset, tables=dataset.tables | {"learning": table})


def test_a_panel_for_each_strategy_with_its_mean(dataset: DatasetResults) -> None:
    panels = [axes for axes in learning_figure(dataset).axes if axes.axison]
    assert [axes.get_title("left") for axes in panels] == list(STRATEGIES)
    table = spread(dataset)
    for axes, name in zip(panels, STRATEGIES, strict=True):
        np.testing.assert_allclose(axes.lines[0].get_xdata(), table.loc[name].index)
        np.testing.assert_allclose(axes.lines[0].get_ydata(), 100 * table.loc[name]["mean"])
        low, high = axes.get_ylim()
        assert low < 100 * table["min"].min() <= 100 * table["max"].max() < high


def test_spread_leaves_out_what_could_not_be_fitted(dataset: DatasetResults) -> None:
    rows = [("cosine", 2, 0, np.nan), ("cosine", 2, 1, 0.3), ("cosine", 4, 0, 0.4), ("fixed", 2, 0, np.nan)]
    table = spread(with_rows(dataset, rows))
    assert table.index.tolist() == [("cosine", 2), ("cosine", 4)]
    assert table.loc[("cosine", 2), "mean"] == 0.3


def test_needed_is_where_the_mean_stays_near(dataset: DatasetResults) -> None:
    curves = {"fixed": [0.3, 0.3, 0.3, 0.3], "cosine": [0.395, 0.38, 0.395, 0.4], "global": [0.2, 0.25, 0.3, 0.4]}
    rows = [(name, 5 * 2**step, 0, miou) for name, curve in curves.items() for step, miou in enumerate(curve)]
    crowd = with_rows(dataset, rows)
    assert needed(spread(crowd)) == {"fixed": 5, "cosine": 20, "global": 40}
    text = learning_finding(crowd)
    assert "with all 40: global 40, cosine 20." in text
    assert "8.0 points" in text


def test_one_size_can_be_drawn(dataset: DatasetResults) -> None:
    learning_figure(with_rows(dataset, [("fixed", 8, 0, 0.3)])).canvas.draw()

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from groupseg.report.learning import learning_figure, learning_finding, needed, spread
from groupseg.report.results import DatasetResults
from tests.results import STRATEGIES


def with_rows(dataset: DatasetResults, rows: list[tuple[str, int, int, float]]) -> DatasetResults:
    table = pd.DataFrame(rows, columns=["strategy", "images", "draw", "miou"])
    return replace(dataset, tables=dataset.tables | {"learning": table})


def test_a_panel_for_each_strategy_with_its_mean_above_others_where_that_is_higher(dataset: DatasetResults) -> None:
    (axes,) = learning_figure(dataset).axes
    titles = [text for text in axes.texts if text.get_text() in STRATEGIES]
    assert [text.get_text() for text in titles] == list(STRATEGIES)
    table = spread(dataset)
    curves = [line for lines in axes.collections if isinstance(lines, LineCollection) for line in lines.get_segments()]
    shapes = set()
    for name in STRATEGIES:
        # In inches, from the lower left: equal up to where a panel lies and how tall it is.
        wanted = table.loc[name]["mean"].to_numpy()
        wanted = wanted - wanted[0]
        fits = [line[:, 1] - line[0, 1] for line in curves if len(line) == len(wanted)]
        scale = table["max"].max() - table["min"].min()
        assert any(np.allclose(fit, 0.9 * 0.85 * wanted / scale, atol=1e-6) for fit in fits)
        shapes.add(tuple(wanted.round(6)))
    assert len(shapes) > 1


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

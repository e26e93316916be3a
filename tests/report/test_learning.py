from dataclasses import replace

import numpy as np
import pandas as pd

from groupseg.report.learning import learning_finding, learning_spread, learning_table, needed
from groupseg.report.numbers import NOTHING
from groupseg.report.results import DatasetResults


def with_rows(dataset: DatasetResults, rows: list[tuple[str, int, int, float]]) -> DatasetResults:
    table = pd.DataFrame(rows, columns=["strategy", "images", "draw", "miou"])
    return replace(dataset, tables=dataset.tables | {"learning": table})


def test_the_table_holds_mean_lowest_and_highest_of_the_draws(dataset: DatasetResults) -> None:
    cosine = [("cosine", 2, 0, 0.2), ("cosine", 2, 1, 0.3), ("cosine", 4, 0, 0.4)]
    table = learning_table(with_rows(dataset, [*cosine, ("fixed", 2, 0, 0.3), ("fixed", 2, 1, 0.3)]))
    order = [name for name in dataset.ranking if name in ("cosine", "fixed")]
    cells = {"cosine": ["`cosine`", "4", "25.0 [20.0, 30.0]", "40.0"], "fixed": ["`fixed`", "2", "30.0", NOTHING]}
    assert table.columns == ["strategy", "needs", "2", "4"]
    assert list(table.rows) == [cells[name] for name in order]
    assert table.tints == {(order.index("cosine"), 2): -1}


def test_spread_leaves_out_what_could_not_be_fitted(dataset: DatasetResults) -> None:
    rows = [("cosine", 2, 0, np.nan), ("cosine", 2, 1, 0.3), ("cosine", 4, 0, 0.4), ("fixed", 2, 0, np.nan)]
    table = learning_spread(with_rows(dataset, rows))
    assert table.index.tolist() == [("cosine", 2), ("cosine", 4)]
    assert table.loc[("cosine", 2), "mean"] == 0.3


def test_needed_is_where_the_mean_stays_near(dataset: DatasetResults) -> None:
    curves = {"fixed": [0.3, 0.3, 0.3, 0.3], "cosine": [0.395, 0.38, 0.395, 0.4], "global": [0.2, 0.25, 0.3, 0.4]}
    rows = [(name, 5 * 2**step, 0, miou) for name, curve in curves.items() for step, miou in enumerate(curve)]
    crowd = with_rows(dataset, rows)
    assert needed(learning_spread(crowd)) == {"fixed": 5, "cosine": 20, "global": 40}
    text = learning_finding(crowd)
    assert "with all 40: global 40, cosine 20." in text
    assert "8.0 points" in text

from pathlib import Path

import numpy as np
import pandas as pd

from groupseg.report.charts import history_figure, per_class_figure
from groupseg.report.results import ORACLE, DatasetResults


def test_bars_are_the_classes_that_occur_sorted_by_the_best_strategy(dataset: DatasetResults) -> None:
    (axes,) = per_class_figure(dataset).axes
    oracle, best, _ = ([line[1][1] for line in lines.get_segments()] for lines in axes.collections)
    table = dataset.tables["per_class"].dropna(subset=[ORACLE])
    assert best == sorted(100 * table[dataset.best], reverse=True)
    shown = [label.get_text() for label in axes.texts]
    assert sorted(shown) == sorted(table["class"])
    by_class = table.set_index("class")[ORACLE]
    np.testing.assert_allclose(oracle, 100 * by_class[shown])


def test_history_draws_each_loss_and_the_total_twice() -> None:
    history = pd.DataFrame({"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "caption": [2.0, 1.0, 0.5]})
    (axes,) = history_figure(history).axes
    assert len(axes.lines) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["loss", "caption"]


def test_a_history_of_one_step_can_be_drawn(tmp_path: Path) -> None:
    history_figure(pd.DataFrame({"step": [1], "loss": [3.0]})).savefig(tmp_path / "history.png")

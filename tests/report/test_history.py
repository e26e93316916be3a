from pathlib import Path

import pandas as pd

from groupseg.report.history import history_figure


def test_history_draws_each_loss_and_the_total_twice() -> None:
    history = pd.DataFrame({"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0], "caption": [2.0, 1.0, 0.5]})
    (axes,) = history_figure(history).axes
    assert len(axes.lines) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["loss", "caption"]


def test_a_history_of_one_step_can_be_drawn(tmp_path: Path) -> None:
    history_figure(pd.DataFrame({"step": [1], "loss": [3.0]})).savefig(tmp_path / "history.png")

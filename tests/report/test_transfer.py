import numpy as np
import pandas as pd

from groupseg.report.results import Results
from groupseg.report.tables import MINUS
from groupseg.report.transfer import against_own, transfer_figure, transfer_finding

ROWS = [
    ("cosine", "a", "a", 0.5),
    ("cosine", "a", "b", 0.2),
    ("cosine", "b", "a", 0.4),
    ("cosine", "b", "b", 0.3),
    ("cosine", "all", "a", 0.48),
    ("cosine", "all", "b", 0.3),
]
TABLE = pd.DataFrame(ROWS, columns=["strategy", "from", "to", "miou"])


def test_change_is_against_the_own_threshold() -> None:
    np.testing.assert_allclose(against_own(TABLE), [0, -0.1, -0.1, 0, -0.02, 0], atol=1e-12)
    assert np.isnan(against_own(TABLE[1:2])).all()


def test_a_panel_for_each_strategy_with_its_numbers(results: Results) -> None:
    panels = [axes for axes in transfer_figure(results.transfer).axes if axes.images]
    strategies = list(dict.fromkeys(results.transfer["strategy"]))
    assert [axes.get_title("left") for axes in panels] == strategies
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["alpha", "beta", "all"]
    for axes, name in zip(panels, strategies, strict=True):
        rows = results.transfer[results.transfer["strategy"] == name]
        assert [text.get_text() for text in axes.texts] == [f"{100 * value:.1f}" for value in rows["miou"]]


def test_finding_compares_with_the_own_threshold() -> None:
    text = transfer_finding(TABLE)
    assert f"changes by {MINUS}10.0 points on average over 1 strategies" in text
    assert text.endswith(f"One threshold for all data sets: {MINUS}1.0 on average.")
    assert "no other data set" in transfer_finding(TABLE[:1])


def test_one_data_set_can_be_drawn() -> None:
    transfer_figure(TABLE[:1]).canvas.draw()

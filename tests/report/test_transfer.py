import numpy as np
import pandas as pd

from groupseg.report.tables import MINUS
from groupseg.report.transfer import against_own, transfer_figure, transfer_finding

ROWS = [
    ("cosine", "a", "a", 0.5, "threshold"),
    ("cosine", "a", "b", 0.2, "threshold"),
    ("cosine", "b", "a", 0.4, "threshold"),
    ("cosine", "b", "b", 0.3, "threshold"),
    ("cosine", "all", "a", 0.48, "threshold"),
    ("cosine", "all", "b", 0.3, "threshold"),
    ("area", "a", "a", 0.5, "setting, threshold"),
    ("area", "a", "b", 0.1, "setting, threshold"),
    ("area", "b", "a", 0.3, "setting, threshold"),
    ("area", "b", "b", 0.4, "setting, threshold"),
]
TABLE = pd.DataFrame(ROWS, columns=["strategy", "from", "to", "miou", "moved"])


def test_change_is_against_what_was_fitted_there() -> None:
    np.testing.assert_allclose(against_own(TABLE[:6]), [0, -0.1, -0.1, 0, -0.02, 0], atol=1e-12)
    assert np.isnan(against_own(TABLE[1:2])).all()


def test_every_number_is_drawn_and_no_other() -> None:
    figure = transfer_figure(TABLE)
    written = sorted(text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()[0].isdigit())
    assert written == sorted(f"{100 * row[3]:.1f}" for row in ROWS)


def test_the_finding_says_what_moved_at_both_ends() -> None:
    text = transfer_finding(TABLE)
    assert f"2 strategies change mIoU by {MINUS}17.5 points on average" in text
    assert f"from {MINUS}10.0 (cosine: threshold) to {MINUS}25.0 (area: setting, threshold)" in text
    assert text.endswith(f"One threshold for all data sets: {MINUS}1.0 on average.")
    assert "no other data set" in transfer_finding(TABLE[:1])


def test_one_data_set_can_be_drawn() -> None:
    transfer_figure(TABLE[:1]).canvas.draw()

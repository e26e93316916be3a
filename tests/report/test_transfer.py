import numpy as np
import pandas as pd
import pytest

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


@pytest.mark.parametrize("count", [1, len(TABLE)])
def test_a_row_for_each_strategy_with_its_numbers_and_no_other(count: int) -> None:
    table = TABLE[:count]
    axes, _ = transfer_figure(table).axes
    strategies, sources, targets = (list(dict.fromkeys(table[key])) for key in ("strategy", "from", "to"))
    texts = [text.get_text() for text in axes.texts]
    assert [text for text in texts if text in strategies] == strategies
    assert [text for text in texts if text in sources] == sources * len(targets)
    written = {text.get_position(): text.get_text() for text in axes.texts if text.get_text()[0].isdigit()}
    assert written == {
        (targets.index(row.to) * len(sources) + sources.index(row[2]), strategies.index(row.strategy)): (
            f"{100 * row.miou:.1f}"
        )
        for row in table.itertuples()
    }


def test_the_finding_says_what_moved_at_both_ends() -> None:
    text = transfer_finding(TABLE)
    assert f"2 strategies change mIoU by {MINUS}17.5 points on average" in text
    assert f"from {MINUS}10.0 (cosine: threshold) to {MINUS}25.0 (area: setting, threshold)" in text
    assert text.endswith(f"One threshold for all data sets: {MINUS}1.0 on average.")
    assert "no other data set" in transfer_finding(TABLE[:1])


def test_one_data_set_can_be_drawn() -> None:
    transfer_figure(TABLE[:1]).canvas.draw()

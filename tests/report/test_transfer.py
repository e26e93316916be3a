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


def test_a_row_for_each_strategy_with_its_numbers(results: Results) -> None:
    axes, _ = transfer_figure(results.transfer).axes
    strategies, sources, targets = (list(dict.fromkeys(results.transfer[key])) for key in ("strategy", "from", "to"))
    texts = [text.get_text() for text in axes.texts]
    assert [text for text in texts if text in strategies] == strategies
    assert [text for text in texts if text in sources] == sources * len(targets)
    places = {text.get_position(): text.get_text() for text in axes.texts if text.get_transform() == axes.transData}
    for row in results.transfer.itertuples():
        column = targets.index(row.to) * len(sources) + sources.index(row[2])
        assert places[column, strategies.index(row.strategy)] == f"{100 * row.miou:.1f}"


def test_finding_compares_with_the_own_threshold() -> None:
    text = transfer_finding(TABLE)
    assert f"changes by {MINUS}10.0 points on average over 1 strategies" in text
    assert text.endswith(f"One threshold for all data sets: {MINUS}1.0 on average.")
    assert "no other data set" in transfer_finding(TABLE[:1])


def test_one_data_set_can_be_drawn() -> None:
    transfer_figure(TABLE[:1]).canvas.draw()

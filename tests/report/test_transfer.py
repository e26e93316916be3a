import numpy as np
import pandas as pd
import pytest

from groupseg.report.numbers import MINUS, NOTHING
from groupseg.report.transfer import against_own, transfer_finding, transfer_table

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


@pytest.mark.parametrize("count", [1, len(ROWS)])
def test_a_row_for_each_strategy_with_its_numbers_and_no_other(count: int) -> None:
    rows = TABLE[:count]
    table = transfer_table(rows)
    strategies, sources, targets = (list(dict.fromkeys(rows[key])) for key in ("strategy", "from", "to"))
    assert [row[0] for row in table.rows] == [f"`{name}`" for name in strategies]
    assert table.columns == ["strategy", "what moves", *sources * len(targets)]
    assert table.groups == [f"used on {name}, fitted on" for name in targets]
    known = {(name, to, source): miou for name, source, to, miou, _ in ROWS[:count]}
    for name, row in zip(strategies, table.rows, strict=True):
        mious = [known.get((name, to, source)) for to in targets for source in sources]
        assert list(row[2:]) == [NOTHING if miou is None else f"{100 * miou:.1f}" for miou in mious]


def test_colour_is_what_a_rule_of_another_data_set_costs() -> None:
    table = transfer_table(TABLE)
    pairs = [(to, source) for to in ("a", "b") for source in ("a", "b", "all")]
    lower = [(0, "a", "b"), (0, "a", "all"), (0, "b", "a"), (1, "a", "b"), (1, "b", "a")]
    assert table.tints.keys() == {(row, 2 + pairs.index((to, source))) for row, to, source in lower}
    assert all(tint < 0 for tint in table.tints.values())


def test_the_finding_says_what_moved_at_both_ends() -> None:
    text = transfer_finding(TABLE)
    assert f"2 strategies change mIoU by {MINUS}17.5 points on average" in text
    assert f"from {MINUS}10.0 (cosine: threshold) to {MINUS}25.0 (area: setting, threshold)" in text
    assert text.endswith(f"One threshold for all data sets: {MINUS}1.0 on average.")
    assert "no other data set" in transfer_finding(TABLE[:1])

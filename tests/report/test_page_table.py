import numpy as np

from groupseg.report.page_table import tints


def test_full_colour_is_where_nine_tenths_of_the_differences_end() -> None:
    found = tints([[np.nan, 0.01, -0.02], [0, 1e-9, -0.1]], 2)
    full = np.quantile([0.01, 0.02, 0.1], 0.9)
    assert found == {(0, 3): 0.01 / full, (0, 4): -0.02 / full, (1, 4): -1}


def test_where_nothing_differs_there_is_no_colour() -> None:
    assert tints(np.full((2, 2), np.nan), 1) == tints(np.zeros((2, 2)), 1) == {}

"""Tables of rows by strategy: as pandas writes them, and kept where the key is right."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.rows import update_rows
from stages.tables import write_csv

COLUMNS = ("kind", "strategy", "miou")
ROWS = [("a,b", "x", np.float64(1 / 3)), ('say "é"\n', "y", np.nan), ("", "x", -0.0), ("c", "y", np.float32(0.1))]
COUNTS, OTHERS = (1, np.int64(2), 3, 4), (1.0, None, 1e9, np.inf)


def test_cells_are_those_of_pandas(tmp_path: Path) -> None:
    rows = [(*row, count, other) for row, count, other in zip(ROWS, COUNTS, OTHERS, strict=True)]
    columns = [*COLUMNS, "count", "other"]
    write_csv(tmp_path / "found.csv", columns, rows)
    table = pd.DataFrame(rows, columns=columns)
    table.to_csv(tmp_path / "pandas.csv", index=False, float_format="%.6f", lineterminator="\n")
    assert (tmp_path / "found.csv").read_bytes() == (tmp_path / "pandas.csv").read_bytes()


def update(path: Path, **keys: str) -> list[str]:
    """Brings a table up to date; returns the strategies whose rows were made."""
    made: list[str] = []

    def make(names: list[str]) -> list[tuple[str, str, float]]:
        made.extend(names)
        return [row for row in ROWS if row[1] in names]

    update_rows(path, "rows", keys, COLUMNS, make)
    return made


def test_rows_are_kept_by_their_key_and_in_the_order_of_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    assert update(path, x="1", y="1") == ["x", "y"]
    whole = path.read_bytes()
    assert update(path, x="1", y="1") == []
    assert path.read_bytes() == whole
    assert update(path, y="1", x="2") == ["x"]
    assert pd.read_csv(path)["strategy"].tolist() == ["y", "y", "x", "x"]
    assert update(path, y="1") == []
    assert set(pd.read_csv(path)["strategy"]) == {"y"}


@pytest.mark.parametrize(
    "content", ["", "strategy,miou\nx,1\n", 'kind,strategy,miou,key\n"a', "kind,strategy,miou,key\nx"]
)
def test_a_table_that_is_not_whole_is_made_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    assert update(path, x="1", y="1") == ["x", "y"]

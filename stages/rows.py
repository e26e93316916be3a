"""Tables with rows of each strategy, of which those are kept whose key is right."""

import csv
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from groupseg.records import account
from stages.tables import write_csv


def update_rows(
    path: Path,
    title: str,
    keys: Mapping[str, str],
    columns: Sequence[str],
    make: Callable[[list[str]], Iterable[Sequence[Any]]],
) -> None:
    """Keeps the rows of the strategies whose key is right, and makes those of the others.

    Args:
        path: The table, with a last column "key" besides.
        title: What the line is called that says what was kept and made.
        keys: Key of each strategy that the table is to hold, in this order.
        columns: Those of the rows, "strategy" among them.
        make: Makes the rows of some strategies.
    """
    started = time.monotonic()
    kept = read_rows(path, keys, columns)
    missing = [strategy for strategy in keys if strategy not in kept]
    kept |= {strategy: [] for strategy in missing}
    for row in make(missing) if missing else ():
        strategy = row[columns.index("strategy")]
        kept[strategy].append([*row, keys[strategy]])
    write_csv(path, [*columns, "key"], [row for strategy in keys for row in kept[strategy]])
    print(
        account(title, len(keys) - len(missing), dict.fromkeys(missing, "new or changed"), time.monotonic() - started)
    )


def read_rows(path: Path, keys: Mapping[str, str], columns: Sequence[str]) -> dict[str, list[list[Any]]]:
    """Reads the rows of each strategy whose key is right, numbers as they are written."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
    except (FileNotFoundError, ValueError, csv.Error):  # none, or no whole one
        return {}
    if header != [*columns, "key"] or any(len(row) != len(header) for row in rows):
        return {}
    found: dict[str, list[list[Any]]] = {}
    for row in rows:
        found.setdefault(row[columns.index("strategy")], []).append(row)
    return {name: own for name, own in found.items() if {row[-1] for row in own} == {keys.get(name)}}

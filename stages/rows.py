"""Tables with rows of each strategy, of which those are kept whose key is right."""

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from groupseg.records import account
from stages.tables import write_csv


def update_rows(path: Path, title: str, keys: Mapping[str, str], make: Callable[[list[str]], pd.DataFrame]) -> None:
    """Keeps the rows of the strategies whose key is right, and makes those of the others.

    Args:
        path: The table, with the columns "strategy" and "key".
        title: What the line is called that says what was kept and made.
        keys: Key of each strategy that the table is to hold, in this order.
        make: Makes the rows of some strategies.
    """
    started = time.monotonic()
    kept = read_rows(path, keys)
    missing = [strategy for strategy in keys if strategy not in kept]
    if missing:
        made = as_text(make(missing))
        kept |= {strategy: made[made.strategy == strategy].assign(key=keys[strategy]) for strategy in missing}
    write_csv(path, pd.concat([kept[strategy] for strategy in keys]) if keys else make([]))
    print(
        account(title, len(keys) - len(missing), dict.fromkeys(missing, "new or changed"), time.monotonic() - started)
    )


def read_rows(path: Path, keys: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Reads the rows of each strategy whose key is right, numbers as they are written."""
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (FileNotFoundError, ValueError):  # none, or no whole one
        return {}
    if not {"strategy", "key"} <= set(rows):
        return {}
    found = {str(name): own for name, own in rows.groupby("strategy", sort=False)}
    return {name: own for name, own in found.items() if name in keys and set(own.key) == {keys[name]}}


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Turns numbers into what `write_csv` writes for them, as `read_rows` reads it."""
    written = rows.to_csv(index=False, float_format="%.6f")
    return pd.read_csv(io.StringIO(written), dtype=str, keep_default_na=False)

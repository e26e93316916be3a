"""The losses of a training as a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from groupseg.files import atomic_path


def write_history(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Writes the losses of every step, one row each; none where nothing was trained."""
    table = pd.DataFrame(history) if history else pd.DataFrame(columns=["step", "loss"])
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")

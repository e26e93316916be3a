"""The losses of a training."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from groupseg.errors import UserError
from groupseg.io.files import atomic_path

History = list[dict[str, float]]  # a row a step


def write_history(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Writes the losses of every step, one row each; none where nothing was trained."""
    table = pd.DataFrame(history) if history else pd.DataFrame(columns=["step", "loss"])
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6f", lineterminator="\n")


def check_finite(loss: float, step: int) -> None:
    """Stops a training that has diverged, before the step counted from 0 is taken.

    Raises:
        UserError: If the loss is no number any more.
    """
    if not math.isfinite(loss):
        raise UserError(f"The loss of step {step + 1} is {loss}. Lower the rates of the training, or raise its warmup.")

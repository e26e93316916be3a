"""Calibrations as they are kept, `results/<run>/calibration/<data set>/<strategy>.json`."""

from pathlib import Path
from typing import Any

from groupseg.errors import UserError
from groupseg.report.calibration_forms import Calibration
from groupseg.report.forms import AGAIN, read_result
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.registry import load


def read_calibration(
    path: Path, form: type[Calibration] = Calibration, remedy: str = AGAIN
) -> tuple[dict[str, Any], Strategy]:
    """Reads the record of a calibration, and makes its strategy.

    Args:
        path: The file.
        form: What it must hold.
        remedy: A sentence that says how to mend one of another form.

    Raises:
        UserError: If it is missing, no JSON, or no record that a strategy can be made of.
    """
    record: dict[str, Any] = read_result(path, form, remedy)
    try:
        return record, load(record)
    except UserError as error:
        raise UserError(f"{path}: {error} {remedy}") from error

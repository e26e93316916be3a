"""What strategies share that are constants on one score."""

import json
from collections.abc import Mapping
from typing import Any


def family(name: str, record: Mapping[str, Any]) -> str:
    """What strategies have in common that differ by nothing but a constant threshold; else the name of the strategy.

    Args:
        name: The strategy.
        record: Its calibration.
    """
    if record["rule"] != "fixed":
        return name
    return json.dumps({key: value for key, value in record["params"].items() if key != "threshold"}, sort_keys=True)

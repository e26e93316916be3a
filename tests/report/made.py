"""Results made up figure by figure, for what is said of them."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from groupseg.report.results import TABLES, DatasetResults

# Rungs of a ladder, and the strategies that stand on the lower ones.
STRATEGIES = {"fixed": "fixed", "global": "global", "best score": "cosine", "best calibrated": "context"}
HEIGHTS = {
    "fixed": 0.2, "global": 0.3, "best score": 0.45, "best calibrated": 0.5, "true background": 0.52,
    "classes present": 0.57, "label oracle": 0.6, "best labelling": 0.61, "perfect": 1.0,
}  # fmt: skip


def rung(name: str, miou: float, step: float, spread: float = 0.01) -> dict[str, Any]:
    """A rung whose intervals reach `spread` to either side."""
    return {
        "name": name,
        "miou": miou,
        "miou_ci": [miou - spread, miou + spread],
        "step": step,
        "step_ci": [step - spread, step + spread],
    }


def ladder(heights: Mapping[str, float], strategies: Mapping[str, str], kept: float = 0.6) -> dict[str, Any]:
    """A ladder of rungs of these heights, in this order."""
    below = [0.0, *heights.values()]
    rungs = [rung(name, miou, miou - low) for (name, miou), low in zip(heights.items(), below, strict=False)]
    aside = rung("accept or drop known", kept, kept - heights["best calibrated"])
    return {"strategies": dict(strategies), "rungs": rungs, "accept_or_drop": aside}


def judged(miou: Mapping[str, float], oracle: float = 0.7, spread: float = 0.01) -> dict[str, Any]:
    """Metrics of strategies of these mIoU, compared with the first."""
    first = next(iter(miou.values()))
    figures = {
        name: {
            "miou": value,
            "miou_ci": [value - spread, value + spread],
            "difference_to_baseline": value - first,
            "difference_to_baseline_ci": [value - first - spread, value - first + spread],
        }
        for name, value in miou.items()
    }
    label = {"miou": oracle, "miou_ci": [oracle - spread, oracle + spread]}
    return {"baseline": next(iter(miou)), "strategies": figures, "oracle": {"label": label}}


def dataset(
    name: str = "alpha", best: str = "context", miou: Mapping[str, float] | None = None, **given: Any
) -> DatasetResults:
    """A data set of which only what is `given` is known: figures, ladder, calibration, tables by kind."""
    tables = {kind: given.pop(kind, pd.DataFrame(columns=list(columns))) for kind, columns in TABLES.items()}
    metrics = judged(miou or {"fixed": 0.2, "global": 0.3, "cosine": 0.45, "context": 0.5})
    known: dict[str, Any] = {
        "metrics": metrics,
        "ladder": {},
        "calibration": {strategy: {"warnings": []} for strategy in metrics["strategies"]},
        "credit": "",
    }
    return DatasetResults(name=name, best=best, tables=tables, **(known | given))

"""Results made up figure by figure, for what is said of them."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from groupseg.io.files import write_json
from groupseg.report.results import TABLES, DatasetResults, Results

# Rungs of a ladder, and the strategies that stand on the lower ones.
STRATEGIES = {"fixed": "fixed", "global": "global", "best score": "cosine", "best calibrated": "context"}
HEIGHTS = {
    "fixed": 0.2, "global": 0.3, "best score": 0.45, "best calibrated": 0.5, "true background": 0.52,
    "classes present": 0.57, "label oracle": 0.6, "best labelling": 0.61, "perfect": 1.0,
}  # fmt: skip
MIOU = {"fixed": 0.2, "global": 0.3, "cosine": 0.45, "per_class": 0.3, "context": 0.5}
RULES: dict[str, dict[str, Any]] = {
    "fixed": {"rule": "fixed", "score": "product", "threshold": 0.9},
    "code_context": {"rule": "fixed", "score": "product", "threshold": 0.35},
    "global": {"rule": "threshold", "score": "product"},
    "cosine": {"rule": "threshold", "score": "cosine"},
    "per_class": {"rule": "per_class", "score": "product"},
    "context": {"rule": "context"},
}
PROTOCOL = {
    "model": "m", "weights_sha256": "0" * 64, "text": "t", "resolution": "96x96", "window": "whole", "split": "test",
    "score": "product",
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

    def around(value: float) -> list[float]:
        return [value - spread, value + spread]

    figures = {
        name: {
            "miou": value,
            "miou_ci": around(value),
            "difference_to_baseline": value - first,
            "difference_to_baseline_ci": around(value - first),
            "short_of_oracle": oracle - value,
            "short_of_oracle_ci": around(oracle - value),
        }
        for name, value in miou.items()
    }
    label = {"miou": oracle, "miou_ci": around(oracle)}
    return {
        "baseline": next(iter(miou)), "strategies": figures, "oracle": {"label": label}, "protocol": PROTOCOL,
        "images": 400, "classes": 20, "warnings": [],
    }  # fmt: skip


def pairs(miou: Mapping[str, float], spread: float = 0.02) -> pd.DataFrame:
    """Every pair of strategies, with intervals that reach `spread` to either side."""
    rows = [
        (one, other, gap, gap - spread, gap + spread, 0.001 if abs(gap) > spread else 0.5)
        for one, other in combinations(miou, 2)
        if (gap := miou[one] - miou[other]) is not None
    ]
    return pd.DataFrame(rows, columns=TABLES["pairs"])


def dataset(
    name: str = "alpha",
    best: str = "context",
    miou: Mapping[str, float] = MIOU,
    oracle: float = 0.7,
    spread: float = 0.02,
    **given: Any,
) -> DatasetResults:
    """A data set of these mIoU, and of what else is `given`: ladder, tables by kind."""
    tables = {kind: given.pop(kind, pd.DataFrame(columns=list(columns))) for kind, columns in TABLES.items()}
    tables["pairs"] = pairs(miou, spread)
    known: dict[str, Any] = {
        "metrics": judged(miou, oracle, spread),
        "ladder": ladder(HEIGHTS, STRATEGIES),
        "calibration": {strategy: {"warnings": []} for strategy in miou},
        "credit": "",
    }
    return DatasetResults(name=name, best=best, tables=tables, **(known | given))


def results(
    root: Path,
    datasets: Sequence[DatasetResults],
    seeds: Sequence[float] = (),
    constrained: Sequence[float] = (),
    staged: Sequence[float] = (),
) -> Results:
    """A run over data sets; each of `seeds` is another training whose figures all are so much higher.

    `constrained` are trainings with a background constraint, from the second on with one of the area too, and `staged`
    those of models with two grouping stages.
    """
    plain = {
        "architecture": {"dim": 8, "merged": 0},
        "training": {"seed": 0, "background_weight": 0.0, "area_weight": 0.0},
    }
    models: dict[str, Any] = {"m": plain}
    settings = [
        *({"seed": seed} for seed, _ in enumerate(seeds, start=1)),
        *({"background_weight": 0.5, "area_weight": 0.4 * number} for number, _ in enumerate(constrained)),
        *({"merged": 4} for _ in staged),
    ]
    for number, change in enumerate([*seeds, *constrained, *staged], start=1):
        own = settings[number - 1]
        models[f"m{number}"] = {
            key: {**section, **{name: own[name] for name in own.keys() & section.keys()}}
            for key, section in plain.items()
        }
        figures = {one.name: raised(one, change) for one in datasets}
        write_json(root / f"results/run/variants/m{number}.json", {"model": f"m{number}", "datasets": figures})
    names = list(datasets[0].strategies)
    params = {
        "run": {"name": "run", "model": "m", "variants": list(models)[1:], "strategies": names},
        "strategies": {name: RULES[name] for name in names},
        "models": models,
        "evaluate": {"best": datasets[0].best},
    }
    return Results(root, params, tuple(datasets))


def raised(one: DatasetResults, change: float) -> dict[str, Any]:
    """The figures of another training: strategies so much higher than `global` is, which stays, as the oracle does."""
    return {
        "strategies": {
            name: {"miou": own["miou"] + (0 if name == "global" else change)} for name, own in one.strategies.items()
        },
        "oracle": {"label": {"miou": one.oracle["miou"]}},
    }

"""What a tracker is told of the results: a record of their state, and one of each data set and strategy in it.

All of it comes from results/<run>/, params.yaml and dvc.lock, which are in git: a clone without data can be tracked.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from groupseg.io.files import sha256
from groupseg.records import digest
from groupseg.report.dvc_files import read_lock
from groupseg.report.provenance import read_commit
from groupseg.report.results import DatasetResults, Results, gap_closed
from groupseg.report.roles import LABEL_ORACLE

PARENT = "results"
_ORACLES = "oracle."

# Key, value and step.
Metric = tuple[str, float, int]


@dataclass(frozen=True, eq=False)
class Record:
    """What one run of a tracker holds.

    Attributes:
        part: `PARENT`, or <data set>/<strategy> for a run below it.
        name: What the run is called.
        tags: What runs are filtered by.
        params: Parameters by dotted name.
        metrics: Key, value and step of each. Keys are the same in all runs, so that any two can be compared.
        files: File, and the folder of the run that it goes to.
        origin: Tags that say where the results were found; they are no part of what the record says.
        dataset: Name and digest of the data set that was judged; None where no digest is known.
    """

    part: str
    name: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[Metric]
    files: list[tuple[Path, str]]
    origin: dict[str, str] = field(default_factory=dict)
    dataset: tuple[str, str] | None = None


def results_digest(results: Results) -> str:
    """Returns the sha256 of the names and contents of all files that hold results."""
    lines = [f"{sha256(path)}  {path.relative_to(results.root).as_posix()}" for path in _files(results)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def state_digest(results: Results, records: Iterable[Record]) -> str:
    """Returns the digest of all that results say, 16 hexadecimal digits.

    Neither where they were found nor how they are drawn counts: the same results at another commit are the same.
    """
    told = [[one.part, one.tags, one.params, one.metrics] for one in records]
    return digest([results_digest(results), told])


def describe_results(results: Results) -> list[Record]:
    """Describes the results: the parent first, then the strategies and the oracles of each data set."""
    origin, digests = _origin(results.root), _dataset_digests(results)
    children = [
        _child(results, dataset, name, origin, digests.get(dataset.name))
        for dataset in results.datasets
        for name in (*dataset.strategies, *(_ORACLES + oracle for oracle in dataset.metrics["oracle"]))
    ]
    return [_parent(results, origin), *children]


def _parent(results: Results, origin: dict[str, str]) -> Record:
    run = results.params["run"]
    sections = {name: results.params[name] for name in ("run", "text", "evaluate", "studies")}
    # Children hold the calibrations.
    shown = [path for path in _files(results) if "calibration" not in path.parts]
    figures = sorted((results.folder / "figures").glob("*.*"))
    return Record(
        part=PARENT,
        name=_state(origin) or results.name,
        tags={"kind": "state", "run": results.name, "model": run["model"]},
        params=_flat({**sections, "model": _model(results)}),
        metrics=list(_headline(results.datasets)),
        files=[(path, _folder(results, path)) for path in (*shown, *figures)],
        origin=origin,
    )


def _child(results: Results, dataset: DatasetResults, name: str, origin: dict[str, str], data: str | None) -> Record:
    protocol = dataset.metrics["protocol"]
    size = {key: dataset.metrics[key] for key in ("images", "classes")}
    sections = {
        "dataset": results.params["datasets"][dataset.name],
        "model": _model(results),
        "text": results.params["text"],
        "evaluate": results.params["evaluate"],
        "protocol": {**size, **{key: value for key, value in protocol.items() if key != "score"}},
    }
    record = dataset.calibration.get(name)
    judged = _strategy_metrics(dataset, name) if record else _oracle_metrics(dataset, name)
    calibrated = results.folder / f"calibration/{dataset.name}/{name}.json"
    return Record(
        part=f"{dataset.name}/{name}",
        name=f"{dataset.name} {name}",
        tags={
            "kind": "strategy" if record else "oracle",
            "dataset": dataset.name,
            "strategy": name,
            "run": results.name,
            "model": results.params["run"]["model"],
            "split": protocol["split"],
        },
        params=_flat(sections | (_calibration(record) if record else {})),
        metrics=list(judged),
        files=[(calibrated, "")] if record else [],
        origin=origin,
        dataset=(dataset.name, data) if data else None,
    )


def _model(results: Results) -> dict[str, Any]:
    name = results.params["run"]["model"]
    return {"name": name, **results.params["models"][name]}


def _calibration(record: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a strategy, and what it was calibrated on."""
    about = ("split", "images", "crossfit", "with_background", "key")
    return {
        "strategy": {"rule": record["rule"], **record["params"]},
        "calibration": {name: record[name] for name in about if name in record},
    }


def _strategy_metrics(dataset: DatasetResults, strategy: str) -> Iterator[Metric]:
    """The figures of a strategy, what it was calibrated to, and its threshold curve."""
    figures = {**dataset.strategies[strategy], "gap_closed": gap_closed([dataset], strategy)}
    yield from _numbers({**figures, **_fitted(dataset.calibration[strategy])})
    curves = dataset.tables["curves"]
    curve = curves[curves["strategy"] == strategy]
    # Steps are whole numbers: thresholds in ten-thousandths, so that curves have an axis in common.
    steps = (10_000 * curve["threshold"]).round().astype(int)
    highest = curve["miou"].groupby(steps).max()
    yield from (("miou_by_threshold", *point) for point in zip(highest.tolist(), highest.index.tolist(), strict=True))


def _oracle_metrics(dataset: DatasetResults, name: str) -> Iterator[Metric]:
    """The figures of an oracle; gaps are measured towards the label oracle."""
    figures = dataset.metrics["oracle"][name.removeprefix(_ORACLES)]
    yield from _numbers({**figures, "gap_closed": 1.0 if name == LABEL_ORACLE else None})


def _fitted(record: Mapping[str, Any]) -> dict[str, float | None]:
    """The threshold of a strategy and its mIoU on the calibration images; of folds, the means."""
    fits = [fold["fitted"] for fold in record.get("folds", [record])]

    def mean(name: str) -> float | None:
        values = [fit.get(name) for fit in fits]
        return None if None in values else fmean(values)

    return {"threshold": record["params"].get("threshold", mean("threshold")), "calibration_miou": mean("miou")}


def _headline(datasets: Sequence[DatasetResults]) -> Iterator[Metric]:
    """What the best calibrated strategy of each data set reaches, and the rungs from `fixed` up to perfect masks.

    The names differ from those of the children: who sorts by mIoU wants strategies.
    """
    for dataset in datasets:
        best = {"miou": dataset.strategies[dataset.best]["miou"], "gap_closed": gap_closed([dataset], dataset.best)}
        yield from ((f"{dataset.name}/best_{key}", value, step) for key, value, step in _numbers(best))
        yield from ((f"{dataset.name}/ladder/{rung['name']}", rung["miou"], 0) for rung in dataset.ladder["rungs"])


def _numbers(figures: Mapping[str, Any]) -> Iterator[Metric]:
    """The figures that are numbers; an interval becomes two."""
    for key, value in figures.items():
        if isinstance(value, list):
            yield from ((f"{key}_{end}", one, 0) for end, one in zip(("low", "high"), value, strict=True))
        elif value is not None:
            yield key, value, 0


def _origin(root: Path) -> dict[str, str]:
    """Tags that say which code ran, and within which experiment."""
    commit = read_commit(root)
    tags = {"git.dirty": str(bool(commit.changed)).lower()}
    if commit.sha:
        tags["mlflow.source.git.commit"] = commit.sha
    # Set by `dvc exp run` alone.
    names = {"dvc.exp.name": "DVC_EXP_NAME", "dvc.exp.baseline": "DVC_EXP_BASELINE_REV"}
    return tags | {tag: os.environ[name] for tag, name in names.items() if os.environ.get(name)}


def _state(origin: Mapping[str, str]) -> str:
    """What the state is called: the experiment or the commit; empty outside of both."""
    commit = origin.get("mlflow.source.git.commit", "")[:7]
    changed = "-dirty" if commit and origin["git.dirty"] == "true" else ""
    return origin.get("dvc.exp.name") or commit + changed


def _files(results: Results) -> list[Path]:
    """The files of results that are in git."""
    return [path for path in results.files if path.is_relative_to(results.folder)]


def _folder(results: Results, path: Path) -> str:
    """Where a file of the results goes; empty for the top."""
    folder = path.parent.relative_to(results.folder).as_posix()
    return "" if folder == "." else folder


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Parameters by dotted name, in letters that trackers allow in names."""
    flat: dict[str, str] = {}
    for key, value in section.items():
        name = prefix + re.sub(r"[^\w :.-]", "_", str(key))
        nested = isinstance(value, dict) and value
        flat |= _flat(value, f"{name}.") if nested else {name: str(value)}
    return flat


def _dataset_digests(results: Results) -> dict[str, str]:
    """MD5 of each prepared data set, as dvc.lock names it."""
    stages = read_lock(results.root / "dvc.lock").values()
    outs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", []) if "md5" in out}
    paths = {dataset.name: f"data/prepared/{dataset.name}" for dataset in results.datasets}
    return {name: outs[path].removesuffix(".dir") for name, path in paths.items() if path in outs}

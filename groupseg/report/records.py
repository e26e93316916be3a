"""What a tracker is told of the results: a record of their state, and one of each data set and strategy."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from groupseg.files import sha256
from groupseg.report.provenance import read_commit
from groupseg.report.results import ORACLE, DatasetResults, Results
from groupseg.yaml_file import read_yaml

PARENT = "results"


@dataclass(frozen=True, eq=False)
class Record:
    """What one run of a tracker holds.

    Attributes:
        part: `PARENT`, or <dataset>/<strategy> for a run below it.
        tags: Tags by name.
        params: Parameters by dotted name.
        metrics: Key, value and step of each.
        files: File, and the folder of the run that it goes to.
        dataset: Name and digest of the data set that was judged; None where no digest is known.
    """

    part: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[tuple[str, float, int]]
    files: list[tuple[Path, str]]
    dataset: tuple[str, str] | None = None


def results_digest(results: Results) -> str:
    """Returns the sha256 of the names and contents of all files that hold results."""
    lines = [f"{sha256(path)}  {path.relative_to(results.root).as_posix()}" for path in results.files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def describe(results: Results) -> list[Record]:
    """Describes the results: the parent first, then each data set and strategy."""
    digests = _dataset_digests(results)
    children = [
        _child(results, dataset, strategy, digests.get(dataset.name))
        for dataset in results.datasets
        for strategy in dataset.strategies
    ]
    return [_parent(results), *children]


def _parent(results: Results) -> Record:
    run = results.params["run"]
    sections = {name: results.params[name] for name in ("run", "text", "evaluate", "studies")}
    sections["models"] = {run["model"]: results.params["models"][run["model"]]}
    figures = sorted((results.folder / "figures").glob("*.*"))
    return Record(
        part=PARENT,
        tags=_origin(results.root),
        params=_flat(sections),
        metrics=[*_headline(results), *_history(results)],
        files=[(path, path.parent.relative_to(results.root).as_posix()) for path in (*results.files, *figures)],
    )


def _origin(root: Path) -> dict[str, str]:
    """Tags that say which code ran, and within which experiment."""
    commit = read_commit(root)
    tags = {"git.dirty": str(bool(commit.changed)).lower()}
    if commit.sha:
        tags["mlflow.source.git.commit"] = commit.sha
    # Set by `dvc exp run` alone.
    names = {"dvc.exp.name": "DVC_EXP_NAME", "dvc.exp.baseline": "DVC_EXP_BASELINE_REV"}
    return tags | {tag: os.environ[name] for tag, name in names.items() if os.environ.get(name)}


def _headline(results: Results) -> Iterator[tuple[str, float, int]]:
    """Every figure of every strategy and rung, so that two states can be compared in one table."""
    for dataset in results.datasets:
        for name, figures in {**dataset.strategies, ORACLE: dataset.oracle}.items():
            yield from ((f"{dataset.name}/{name}/{key}", value, 0) for key, value in _numbers(figures))
        yield from ((f"{dataset.name}/ladder/{rung['name']}", rung["miou"], 0) for rung in dataset.ladder["rungs"])


def _history(results: Results) -> Iterator[tuple[str, float, int]]:
    if results.history:
        for row in pd.read_csv(results.history).to_dict("records"):
            step = int(row.pop("step"))
            yield from ((f"train/{name}", value, step) for name, value in row.items())


def _child(results: Results, dataset: DatasetResults, strategy: str, digest: str | None) -> Record:
    part = f"{dataset.name}/{strategy}"
    sections = {
        "dataset": results.params["datasets"][dataset.name],
        "strategy": results.params["strategies"][strategy],
        "protocol": dataset.metrics["protocol"],
    }
    metrics = [(f"{part}/{key}", value, 0) for key, value in _numbers(dataset.strategies[strategy])]
    curves = dataset.tables["curves"]
    curve = curves[curves["strategy"] == strategy]
    for column in ("threshold", "miou"):
        metrics += [(f"{part}/curve/{column}", float(value), step) for step, value in enumerate(curve[column])]
    return Record(
        part=part,
        tags={"dataset": dataset.name, "strategy": strategy, "split": dataset.metrics["protocol"]["split"]},
        params=_flat(sections),
        metrics=metrics,
        files=[(results.folder / f"calibration/{dataset.name}/{strategy}.json", "")],
        dataset=(dataset.name, digest) if digest else None,
    )


def _numbers(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The figures that are numbers; an interval becomes two."""
    for key, value in figures.items():
        if isinstance(value, list):
            yield from zip((f"{key}_low", f"{key}_high"), value, strict=True)
        elif value is not None:
            yield key, value


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Parameters by dotted name, in letters that trackers allow in names."""
    flat: dict[str, str] = {}
    for key, value in section.items():
        name = prefix + re.sub(r"[^\w :.-]", "_", str(key))
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: str(value)}
    return flat


def _dataset_digests(results: Results) -> dict[str, str]:
    """MD5 of each prepared data set, as dvc.lock names it."""
    lock = results.root / "dvc.lock"
    stages = read_yaml(lock)["stages"] if lock.exists() else {}
    outs = {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}
    paths = {dataset.name: f"data/prepared/{dataset.name}" for dataset in results.datasets}
    return {name: outs[path].removesuffix(".dir") for name, path in paths.items() if path in outs}

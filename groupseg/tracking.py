"""MLflow as a sink: files are the truth, and a run is found again by the digest of what it reports.

One parent run for each state of the results, and under it one run for each data set and strategy. Nothing is logged twice;
what was interrupted is completed; a dead server costs a warning and some seconds, never the results.
"""

import hashlib
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from filelock import FileLock

from groupseg.files import sha256
from groupseg.report.provenance import read_commit
from groupseg.report.results import ORACLE, DatasetResults, Results, read_yaml

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "groupseg"
DIGEST, PART = "groupseg.results", "groupseg.part"
_RESULTS = "results"  # the part of the parent run; that of a child is <dataset>/<strategy>
_BATCH = 1000  # metrics that MLflow takes at once

# Applied before MLflow is imported, and only where the user has not set them. A dead server is to be noticed in seconds;
# by default MLflow tries for four minutes.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


@dataclass(frozen=True, eq=False)
class Record:
    """What one run of MLflow will hold.

    Attributes:
        part: `results` for the parent, <dataset>/<strategy> for a child.
        tags: Tags by name.
        params: Parameters by name.
        metrics: Key, value and step.
        files: Artifacts: file, and the folder it goes to.
        dataset: Name and digest of the data set that was judged; None for the parent.
    """

    part: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[tuple[str, float, int]]
    files: list[tuple[Path, str]] = field(default_factory=list)
    dataset: tuple[str, str] | None = None


def results_digest(results: Results) -> str:
    """Returns the sha256 of the names and contents of all files that hold results."""
    lines = [f"{sha256(path)}  {path.relative_to(results.root).as_posix()}" for path in results.files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def track(results: Results) -> None:
    """Sends to MLflow what it does not have yet, and says so in one line; warns in one line where that fails.

    The server is `MLFLOW_TRACKING_URI`, else the file mlflow.db in the root of the repository.

    Raises:
        UserError: If the results are incomplete.
    """
    records = list(describe(results))
    root = store_root()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
    try:
        sent = send(records, results_digest(results), uri, root)
    except Exception as error:
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        print(
            f"warning: MLflow at {uri} did not take the results ({reason}); `groupseg track` sends them later.",
            file=sys.stderr,
        )
    else:
        print(f"Tracked {sent} runs in {uri}." if sent else f"Already tracked in {uri}.")


def store_root() -> Path:
    """Returns the repository, also where DVC runs an experiment in a temporary copy of it; else the current folder."""
    if root := os.environ.get("DVC_ROOT"):
        return Path(root).absolute()
    return next((path for path in (Path.cwd(), *Path.cwd().parents) if (path / ".git").exists()), Path.cwd())


def describe(results: Results) -> Iterator[Record]:
    """Yields the parent run and its children."""
    yield _parent(results)
    digests = _dataset_digests(results)
    for dataset in results.datasets:
        for strategy in dataset.strategies:
            yield _child(results, dataset, strategy, digests.get(dataset.name))


def _parent(results: Results) -> Record:
    figures = sorted((results.root / "results/figures").glob("*.png"))
    commit = read_commit(results.root)
    tags = {"mlflow.source.git.commit": commit.sha, "git.dirty": str(bool(commit.changed)).lower()}
    # Set by `dvc exp run` alone.
    names = {"dvc.exp.name": "DVC_EXP_NAME", "dvc.exp.baseline": "DVC_EXP_BASELINE_REV"}
    tags |= {tag: os.environ[name] for tag, name in names.items() if name in os.environ}
    run = results.params["run"]
    sections = {"run": run, "models": {run["model"]: results.params["models"][run["model"]]}}
    sections |= {name: results.params[name] for name in ("text", "evaluate")}
    return Record(
        part=_RESULTS,
        tags={tag: value for tag, value in tags.items() if value},
        params=_flat(sections),
        metrics=[*_parent_metrics(results)],
        files=[
            *((path, "figures") for path in figures),
            *((path, _folder(results, path)) for path in results.files),
        ],
    )


def _parent_metrics(results: Results) -> Iterator[tuple[str, float, int]]:
    """Every headline figure, so that two states can be compared in one table, and the history of the training."""
    for dataset in results.datasets:
        rows = {**dataset.strategies, ORACLE: dataset.oracle}
        for name, figures in rows.items():
            yield from ((f"{dataset.name}/{name}/{key}", value, 0) for key, value in _numbers(figures))
    if results.history:
        for row in pd.read_csv(results.history).to_dict("records"):
            step = int(row.pop("step"))
            yield from ((f"train/{name}", value, step) for name, value in row.items())


def _child(results: Results, dataset: DatasetResults, strategy: str, digest: str | None) -> Record:
    params = results.params
    sections = {
        "dataset": params["datasets"][dataset.name],
        "strategy": params["strategies"][strategy],
        "protocol": dataset.metrics["protocol"],
    }
    prefix = f"{dataset.name}/{strategy}"
    metrics = [(f"{prefix}/{key}", value, 0) for key, value in _numbers(dataset.strategies[strategy])]
    curve = dataset.curves[dataset.curves["strategy"] == strategy]
    for column in ("threshold", "miou"):
        metrics += [
            (f"{prefix}/curve/{column}", float(value), step) for step, value in enumerate(curve[column])
        ]
    calibration = results.root / f"results/calibration/{dataset.name}/{strategy}.json"
    return Record(
        part=prefix,
        tags={"dataset": dataset.name, "strategy": strategy, "split": dataset.metrics["protocol"]["split"]},
        params=_flat(sections),
        metrics=metrics,
        files=[(calibration, "")],
        dataset=(dataset.name, digest) if digest else None,
    )


def send(records: Iterable[Record], digest: str, uri: str, root: Path) -> int:
    """Writes the records that the store at `uri` does not hold, and returns how many those were.

    Args:
        records: The parent first.
        digest: Digest of the results that the records report.
        uri: A tracking URI of MLflow.
        root: Where a local store keeps its artifacts, and the lock.

    Raises:
        Exception: Whatever MLflow raises.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow

    _hush()
    lock = root / ".work" / "track.lock"
    lock.parent.mkdir(exist_ok=True)
    # Two processes that set up one database crash each other.
    with FileLock(lock, timeout=60):
        client = mlflow.MlflowClient(uri)
        experiment = _experiment(client, uri, root)
        query = f"tags.`{DIGEST}` = '{digest}'"
        runs = {
            run.data.tags[PART]: run for run in client.search_runs([experiment], query, max_results=10_000)
        }
        parent = runs.get(_RESULTS)
        if parent and parent.info.status == "FINISHED":
            return 0
        first, *children = records
        parent = parent or _create(client, experiment, first, {DIGEST: digest})
        missing = [
            child
            for child in children
            if child.part not in runs or runs[child.part].info.status != "FINISHED"
        ]
        for child in missing:
            tags = {DIGEST: digest, "mlflow.parentRunId": parent.info.run_id}
            _fill(client, runs.get(child.part) or _create(client, experiment, child, tags), child)
        # Last of all: a finished parent says that nothing is missing.
        _fill(client, parent, first)
        return len(missing) + 1


def _experiment(client: "MlflowClient", uri: str, root: Path) -> str:
    if found := client.get_experiment_by_name(EXPERIMENT):
        return found.experiment_id
    # A server knows itself where artifacts go. MLflow would put those of a local store into the current folder.
    location = (
        None if uri.startswith(("http://", "https://", "databricks")) else (root / "mlartifacts").as_uri()
    )
    return client.create_experiment(EXPERIMENT, artifact_location=location)


def _create(client: "MlflowClient", experiment: str, record: Record, tags: Mapping[str, str]) -> "Run":
    return client.create_run(
        experiment, tags={**tags, **record.tags, PART: record.part}, run_name=record.part
    )


def _fill(client: "MlflowClient", run: "Run", record: Record) -> None:
    """Writes a record into its run. Done twice, it leaves the same: times are that of the run, not those of the calls."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

    identity = run.info.run_id
    params = [Param(key, value) for key, value in record.params.items()]
    for start in range(0, len(params), 100):
        client.log_batch(identity, params=params[start : start + 100])
    metrics = [Metric(key, value, run.info.start_time, step) for key, value, step in record.metrics]
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(identity, metrics=metrics[start : start + _BATCH])
    if record.dataset:
        name, digest = record.dataset
        source = f'{{"path": "data/prepared/{name}"}}'
        entry = Dataset(name=name, digest=digest, source_type="dvc", source=source)
        client.log_inputs(identity, [DatasetInput(entry, [InputTag("mlflow.data.context", "evaluation")])])
    for path, folder in record.files:
        client.log_artifact(identity, str(path), folder or None)
    client.set_terminated(identity)


def _hush() -> None:
    """Keeps MLflow from telling how it sets up its database."""
    import mlflow.store.db.utils

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # A database that cannot be opened now will not be in a minute and a half, which is how long MLflow would try.
    mlflow.store.db.utils.MAX_RETRY_COUNT = 3


def _numbers(figures: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The figures that are numbers; an interval becomes two."""
    for key, value in figures.items():
        if isinstance(value, list):
            yield from zip((f"{key}_low", f"{key}_high"), value, strict=True)
        elif value is not None:
            yield key, value


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Parameters by dotted name, in the letters that MLflow allows in a name."""
    flat: dict[str, str] = {}
    for key, value in section.items():
        name = prefix + re.sub(r"[^\w :.-]", "_", str(key))
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: str(value)}
    return flat


def _folder(results: Results, path: Path) -> str:
    return path.parent.relative_to(results.root).as_posix()


def _dataset_digests(results: Results) -> dict[str, str]:
    """MD5 of each prepared data set, as dvc.lock names it."""
    lock = results.root / "dvc.lock"
    stages = read_yaml(lock)["stages"] if lock.exists() else {}
    outs = {out["path"]: out.get("md5", "") for stage in stages.values() for out in stage.get("outs", [])}
    paths = {dataset.name: f"data/prepared/{dataset.name}" for dataset in results.datasets}
    return {name: outs[path].removesuffix(".dir") for name, path in paths.items() if path in outs}

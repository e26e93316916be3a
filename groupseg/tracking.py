"""MLflow as a sink: files are the truth, and a run is found again by the digest of what it reports.

One parent run for each state of the results, and under it one run for each data set and strategy. Nothing is
logged twice, what was interrupted is completed, and a dead server costs a warning and some seconds.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from groupseg.report.records import PARENT, Record, describe, results_digest
from groupseg.report.results import Results

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "groupseg"
DIGEST, PART = "groupseg.results", "groupseg.part"

# For what is not set otherwise. A dead server is to be noticed in seconds: MLflow would try for four minutes.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# The most that MLflow takes at once.
_METRICS, _PARAMS = 1000, 100


def track(results: Results) -> None:
    """Sends to MLflow what it does not have yet and says so in one line; warns in one line where that fails.

    The store is `MLFLOW_TRACKING_URI`, else mlflow.db in the root of the repository.

    Raises:
        UserError: If the results are incomplete.
    """
    records, digest = describe(results), results_digest(results)
    root = store_root()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
    try:
        sent = send(records, digest, uri, root)
    except Exception as error:
        # Whatever fails behind MLflow, the results are on disk and in order.
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        print(
            f"warning: MLflow at {uri} did not take the results ({reason} ...)."
            " They are in results/; `groupseg track` sends them later.",
            file=sys.stderr,
        )
    else:
        print(f"MLflow: {sent} runs sent to {uri}." if sent else f"MLflow: nothing new for {uri}.")


def store_root() -> Path:
    """Returns the root of the repository, also where DVC runs an experiment in a temporary copy of it."""
    if root := os.environ.get("DVC_ROOT"):
        return Path(root).absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def send(records: Sequence[Record], digest: str, uri: str, root: Path) -> int:
    """Writes the records that a store does not hold.

    Args:
        records: The parent first.
        digest: Digest of the results that the records tell of.
        uri: The store, a tracking URI of MLflow.
        root: Where a local store keeps its artifacts, and where the lock lies.

    Returns:
        How many runs were written.

    Raises:
        Exception: Whatever MLflow raises.
    """
    lock = root / ".work" / "track.lock"
    lock.parent.mkdir(exist_ok=True)
    # Two processes that set up one database crash each other.
    with FileLock(lock, timeout=60):
        client = _client(uri)
        experiment = _experiment(client, uri, root)
        query = f"tags.`{DIGEST}` = '{digest}'"
        runs = {run.data.tags[PART]: run for run in client.search_runs([experiment], query, max_results=10_000)}
        done = {part for part, run in runs.items() if run.info.status == "FINISHED"}
        # A finished parent says that nothing is missing, and so it is the last to be finished.
        missing = [record for record in (*records[1:], records[0]) if done.isdisjoint({record.part, PARENT})]
        tags = {DIGEST: digest}
        if missing and PARENT not in runs:
            runs[PARENT] = _create(client, experiment, records[0], tags)
        for record in missing:
            below = {"mlflow.parentRunId": runs[PARENT].info.run_id}
            _fill(client, runs.get(record.part) or _create(client, experiment, record, tags | below), record)
        return len(missing)


def _client(uri: str) -> "MlflowClient":
    """Opens a store, in a moment or not at all, and without a word about how its database is set up."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow
    import mlflow.store.db.utils

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # A database that cannot be opened at once cannot be opened after 10 tries in 100 seconds either.
    mlflow.store.db.utils.MAX_RETRY_COUNT = 3
    return mlflow.MlflowClient(uri)


def _experiment(client: "MlflowClient", uri: str, root: Path) -> str:
    """Finds or makes the experiment that holds the runs."""
    if found := client.get_experiment_by_name(EXPERIMENT):
        return str(found.experiment_id)
    # A server knows where artifacts go; those of a local store would go into the current folder.
    location = None if uri.startswith(("http", "databricks")) else (root / "mlartifacts").as_uri()
    return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def _create(client: "MlflowClient", experiment: str, record: Record, tags: Mapping[str, str]) -> "Run":
    return client.create_run(experiment, tags={**tags, **record.tags, PART: record.part}, run_name=record.part)


def _fill(client: "MlflowClient", run: "Run", record: Record) -> None:
    """Writes a record into its run and finishes it; what an earlier try has written is written over."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

    identity = run.info.run_id
    params = [Param(key, value) for key, value in record.params.items()]
    for start in range(0, len(params), _PARAMS):
        client.log_batch(identity, params=params[start : start + _PARAMS])
    # The time of the run and not that of the call: a value sent twice is then one value.
    metrics = [Metric(key, value, run.info.start_time, step) for key, value, step in record.metrics]
    for start in range(0, len(metrics), _METRICS):
        client.log_batch(identity, metrics=metrics[start : start + _METRICS])
    if record.dataset:
        name, digest = record.dataset
        source = json.dumps({"path": f"data/prepared/{name}"})
        dataset = Dataset(name, digest, source_type="dvc", source=source)
        client.log_inputs(identity, [DatasetInput(dataset, [InputTag("mlflow.data.context", "evaluation")])])
    for path, folder in record.files:
        client.log_artifact(identity, str(path), folder or None)
    client.set_terminated(identity)

"""MLflow as a sink: files are the truth, and a run is found again by the digest of what it reports.

One parent run for each state of the results, and under it one run for each data set and strategy. Nothing is
logged twice, and what was interrupted is completed.
"""

import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import Timeout

from groupseg.alone import alone
from groupseg.errors import UserError
from groupseg.report.records import PARENT, Record, describe, state_digest
from groupseg.report.results import Results

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "groupseg"
DIGEST, PART = "groupseg.results", "groupseg.part"
_DATABASE = "mlflow.db"

# For what is not set otherwise. A dead server is to be noticed in seconds: MLflow would try for four minutes.
_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# Seconds to wait for another process that sends.
_PATIENCE = 60
# The most that MLflow takes at once: 1000 in all, 100 parameters of them.
_METRICS, _PARAMS = 900, 100

Item = TypeVar("Item")


def track(results: Results) -> None:
    """Sends to MLflow what it does not have yet and says so in one line.

    The store is `MLFLOW_TRACKING_URI`, else mlflow.db in the root of the repository.

    Raises:
        UserError: If the store did not take all of it.
    """
    records, root = describe(results), store_root()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / _DATABASE}"
    shown = re.sub(r"//[^/@]*@", "//***@", uri)  # without a password
    try:
        sent = send(records, state_digest(results, records), uri, root)
    except UserError:
        raise
    except Timeout as error:
        raise UserError(
            f"Another process still sends results to MLflow. They are safe in {results.folder}; once it is done,"
            " `groupseg track` sends what is missing."
        ) from error
    except Exception as error:
        raise UserError(
            f"MLflow at {shown} did not take all results: {_reason(error)}. They are safe in {results.folder}; once it"
            " answers, `groupseg track` sends what is missing."
        ) from error
    print(f"MLflow: {sent} runs sent to {shown}." if sent else f"MLflow: nothing new for {shown}.")


def store_root() -> Path:
    """Returns the root of the repository, also where DVC runs an experiment in a temporary copy of it."""
    if root := os.environ.get("DVC_ROOT"):
        return Path(root).absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def send(records: Sequence[Record], digest: str, uri: str, root: Path) -> int:
    """Writes the records that a store does not hold.

    Args:
        records: All of a state of the results, the parent first.
        digest: Digest of that state.
        uri: The store, a tracking URI of MLflow.
        root: Where a local store keeps its artifacts, and where the lock lies.

    Returns:
        How many runs were written.

    Raises:
        UserError: If a database must be mended first.
        Exception: Whatever MLflow raises.
    """
    lock = root / ".work" / "track.lock"
    lock.parent.mkdir(exist_ok=True)
    waiting = f"Another process sends results to MLflow; waiting up to {_PATIENCE} s for it."
    # Two processes that send the same state would each send all of it.
    with alone(lock, waiting, _PATIENCE):
        client = _client(uri, root)
        experiment = _experiment(client, uri, root)
        tags = {DIGEST: digest}
        found = client.search_runs([experiment], f"tags.`{DIGEST}` = '{digest}'", max_results=10_000)
        runs = {run.data.tags[PART]: run for run in found}
        done = {part for part, run in runs.items() if run.info.status == "FINISHED"}
        # The parent is the last to be finished, so that a finished one has all its children.
        missing = [record for record in (*records[1:], records[0]) if record.part not in done]
        if missing and PARENT not in runs:
            runs[PARENT] = _create(client, experiment, records[0], tags)
        for record in missing:
            below = {"mlflow.parentRunId": runs[PARENT].info.run_id}
            _fill(client, runs.get(record.part) or _create(client, experiment, record, tags | below), record)
        return len(missing)


def _client(uri: str, root: Path) -> "MlflowClient":
    """Opens a store, in a moment or not at all, and without a word of MLflow's own."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow
    import mlflow.store.db.utils

    from groupseg.tracking.store import database, prepare

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # A database that cannot be opened at once cannot be opened after 10 tries in 100 seconds either.
    mlflow.store.db.utils.MAX_RETRY_COUNT = 3
    if path := database(uri):
        prepare(path, ours=path.resolve() == (root / _DATABASE).resolve())
    return mlflow.MlflowClient(uri)


def _experiment(client: "MlflowClient", uri: str, root: Path) -> str:
    """Finds or makes the experiment that holds the runs."""
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        # A server knows where artifacts go; those of a local store would go into the current folder.
        location = None if uri.startswith(("http", "databricks")) else (root / "mlartifacts").as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))
    if found.lifecycle_stage == "deleted":
        raise UserError(
            f"Experiment {EXPERIMENT!r} was deleted from MLflow. Bring it back with `mlflow experiments restore"
            f" --experiment-id {found.experiment_id}`, or delete it for good with `mlflow gc`."
        )
    return str(found.experiment_id)


def _create(client: "MlflowClient", experiment: str, record: Record, tags: Mapping[str, str]) -> "Run":
    tags = {**record.tags, **record.origin, **tags, PART: record.part}
    return client.create_run(experiment, tags=tags, run_name=record.name)


def _fill(client: "MlflowClient", run: "Run", record: Record) -> None:
    """Writes a record into its run and finishes it; what an earlier try has written is written over."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

    identity = run.info.run_id
    params = [Param(key, value) for key, value in record.params.items()]
    # The time of the run and not that of the call: a value sent twice is then one value.
    metrics = [Metric(key, value, run.info.start_time, step) for key, value, step in record.metrics]
    for batch in zip_longest(_parts(metrics, _METRICS), _parts(params, _PARAMS), fillvalue=()):
        client.log_batch(identity, *batch)
    if record.dataset:
        name, digest = record.dataset
        source = json.dumps({"path": f"data/prepared/{name}"})
        dataset = Dataset(name, digest, source_type="dvc", source=source)
        client.log_inputs(identity, [DatasetInput(dataset, [InputTag("mlflow.data.context", "evaluation")])])
    for path, folder in record.files:
        client.log_artifact(identity, str(path), folder or None)
    client.set_terminated(identity)


def _parts(items: Sequence[Item], most: int) -> list[Sequence[Item]]:
    return [items[start : start + most] for start in range(0, len(items), most)]


def _reason(error: BaseException) -> str:
    """Says in few words what is behind an error: MLflow's own words are long, and the cause comes last in them."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return " ".join(str(error).split())[:200] or type(error).__name__

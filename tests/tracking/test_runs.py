import json
import multiprocessing
import os
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import mlflow
import mlflow.server
import mlflow.store.db.utils as mlflow_db
import pandas as pd
import pytest
from filelock import FileLock
from mlflow import MlflowClient
from werkzeug.serving import make_server

from groupseg.errors import UserError
from groupseg.report.records import PARENT, describe, state_digest
from groupseg.report.results import read_results
from groupseg.tracking import runs as tracking
from groupseg.tracking.store import prepare
from tests.results import DATASETS, STRATEGIES, build

# The label oracle, and the parent.
RUNS = 1 + len(DATASETS) * (len(STRATEGIES) + 1)

# All that were tried: GROUPSEG_TEST_KILLS=50.
KILLS = int(os.environ.get("GROUPSEG_TEST_KILLS", "2"))
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
LATEST = mlflow_db._get_latest_schema_revision()

# Processes that have MLflow already: to import it takes them seconds.
FORKS = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that is set up: that takes seconds, a copy of it none."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    prepare(path, ours=True)
    return path


@pytest.fixture
def project(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with results and a store, as the current folder; spaces in its name on purpose."""
    root = tmp_path / "my project"
    root.mkdir()
    shutil.copy(empty_store, root / "mlflow.db")
    monkeypatch.chdir(build(root))
    monkeypatch.setenv("DVC_ROOT", str(root))
    for name in ("MLFLOW_TRACKING_URI", "DVC_EXP_NAME"):
        monkeypatch.delenv(name, raising=False)
    return root


def track() -> None:
    tracking.track(read_results(Path()))


def runs(project: Path, order: str = "attributes.start_time ASC") -> pd.DataFrame:
    # By the environment: `mlflow.set_tracking_uri` would stay set for all that follows.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project / 'mlflow.db'}")
        return mlflow.search_runs(experiment_names=[tracking.EXPERIMENT], order_by=[order])


def check_complete(project: Path) -> pd.DataFrame:
    """Holds the store to one finished run for each part, with each value once; returns the runs by part."""
    found = runs(project).set_index("tags.groupseg.part")
    assert len(found) == RUNS == len(set(found.index))
    assert set(found["status"]) == {"FINISHED"}
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    for record in describe(read_results(project)):
        identity = found.loc[record.part]["run_id"]
        run = client.get_run(identity)
        assert run.data.params == record.params
        keys = {key for key, _, _ in record.metrics}
        sent = [(key, one.value, one.step) for key in keys for one in client.get_metric_history(identity, key)]
        assert sorted(sent) == sorted(record.metrics)
    return found


def test_runs_are_found_by_mlflow_with_plain_metrics_and_all_parameters(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    track()
    assert capsys.readouterr().out.startswith(f"MLflow: {RUNS} runs sent to sqlite:///")
    found = check_complete(project)
    metrics = json.loads((project / "results/scenes/metrics/beta.json").read_text("utf-8"))
    for strategy in STRATEGIES:
        child = found.loc[f"beta/{strategy}"]
        assert child["metrics.miou"] == metrics["strategies"][strategy]["miou"]
        assert child["tags.mlflow.runName"] == f"beta {strategy}"
        assert child["tags.mlflow.parentRunId"] == found.loc[PARENT]["run_id"]
    assert found.loc["beta/oracle.label"]["metrics.miou"] == metrics["oracle"]["label"]["miou"]
    ranked = runs(project, "metrics.miou DESC").dropna(subset=["metrics.miou"])
    assert ranked["metrics.miou"].is_monotonic_decreasing
    assert len(ranked) == RUNS - 1


def test_data_sets_and_files_are_in_the_store(project: Path) -> None:
    track()
    found = runs(project).set_index("tags.groupseg.part")
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    (entry,) = client.get_run(found.loc["alpha/cosine"]["run_id"]).inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("alpha", "alpha".ljust(32, "0"))
    parent = found.loc[PARENT]["run_id"]
    assert {file.path for file in client.list_artifacts(parent, "metrics")} == {
        "metrics/alpha.json",
        "metrics/beta.json",
    }
    assert list((project / "mlartifacts").rglob("cosine.json"))


def test_tracked_twice_is_tracked_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    track()
    first = runs(project)
    capsys.readouterr()
    track()
    assert capsys.readouterr().out.startswith("MLflow: nothing new")
    pd.testing.assert_frame_equal(runs(project), first)


def test_another_result_is_another_parent(project: Path) -> None:
    track()
    path = project / "results/scenes/metrics/alpha.json"
    metrics = json.loads(path.read_text("utf-8"))
    metrics["strategies"]["fixed"]["miou"] = 0.5
    path.write_text(json.dumps(metrics), encoding="utf-8")
    track()
    found = runs(project)
    assert len(found) == 2 * RUNS
    assert found.query("`tags.groupseg.part` == 'alpha/fixed'")["metrics.miou"].eq(0.5).tolist() == [False, True]


@pytest.mark.parametrize(
    ("call", "calls"),
    [("create_run", 0), ("create_run", 1), ("log_batch", 6), ("log_inputs", 6), ("log_artifact", 6),
     ("set_terminated", 1), ("set_terminated", RUNS - 1)],
)  # fmt: skip
def test_what_was_interrupted_is_completed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], call: str, calls: int
) -> None:
    real, count = getattr(MlflowClient, call), iter(range(100))

    def fail(self: MlflowClient, *arguments: object, **named: object) -> object:
        if next(count) == calls:
            raise OSError("connection lost")
        return real(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, call, fail)
        with pytest.raises(UserError, match=r"connection lost.*`groupseg track` sends what is missing"):
            track()
    finished = runs(project)["status"].eq("FINISHED").sum()
    track()
    assert capsys.readouterr().out.startswith(f"MLflow: {RUNS - finished} runs sent")
    check_complete(project)


def test_a_process_that_was_killed_is_completed(project: Path) -> None:
    process = FORKS.Process(target=track)
    process.start()
    with closing(sqlite3.connect(project / "mlflow.db", timeout=60)) as connection:
        while connection.execute("SELECT count(*) FROM runs").fetchone()[0] < RUNS // 2:
            assert process.is_alive()
            time.sleep(0.01)
    process.kill()
    process.join()
    assert "RUNNING" in set(runs(project)["status"])
    track()
    check_complete(project)


def test_a_store_that_is_killed_while_it_is_set_up_is_not_there_or_whole(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    prepare(tmp_path / "other.db", ours=True)
    seconds = time.monotonic() - started
    store = project / "mlflow.db"
    for number in range(KILLS):
        store.unlink(missing_ok=True)
        process = FORKS.Process(target=track)
        process.start()
        time.sleep(1.2 * seconds * (number + 1) / (KILLS + 1))
        os.kill(process.pid, SIGNALS[number % len(SIGNALS)])
        process.join()
        if store.exists():
            with closing(sqlite3.connect(store)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(LATEST,)]
    capfd.readouterr()
    track()
    assert capfd.readouterr().err == ""
    check_complete(project)


def test_who_waits_for_another_process_is_told_so(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "_PATIENCE", 0.1)
    lock = project / ".work/track.lock"
    lock.parent.mkdir(exist_ok=True)
    with FileLock(lock), pytest.raises(UserError, match=r"Another process still sends .*`groupseg track` sends what"):
        track()
    assert capsys.readouterr().err.splitlines() == [
        "Another process sends results to MLflow; waiting up to 0.1 s for it."
    ]
    track()
    assert capsys.readouterr().err == ""
    check_complete(project)


@contextmanager
def server(folder: Path, port: int, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """MLflow's own server, in this process: another would take seconds to start."""
    patch.setenv(mlflow.server.BACKEND_STORE_URI_ENV_VAR, f"sqlite:///{folder / 'mlflow.db'}")
    patch.setenv(mlflow.server.ARTIFACTS_DESTINATION_ENV_VAR, (folder / "artifacts").as_uri())
    patch.setenv(mlflow.server.ARTIFACT_ROOT_ENV_VAR, "mlflow-artifacts:/")
    patch.setenv(mlflow.server.SERVE_ARTIFACTS_ENV_VAR, "true")
    # The server sets it for its whole process.
    patch.setattr("mlflow.tracking._tracking_service.utils._tracking_uri", None)
    running = make_server("127.0.0.1", port, mlflow.server.app, threaded=True)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield
    running.shutdown()
    thread.join()


@contextmanager
def silence() -> Iterator[int]:
    """A server that takes connections and never answers; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.filterwarnings("ignore:starlette.middleware.wsgi")
def test_a_server_that_was_down_is_sent_to_when_it_is_back(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with silence() as port:
        pass
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    with pytest.raises(UserError, match=f"MLflow at http://127.0.0.1:{port} did not take all results: .*refused"):
        track()
    shutil.copy(project / "mlflow.db", tmp_path)
    with server(tmp_path, port, monkeypatch):
        track()
        assert capsys.readouterr().out == f"MLflow: {RUNS} runs sent to http://127.0.0.1:{port}.\n"
        track()
        assert capsys.readouterr().out.startswith("MLflow: nothing new")
        shutil.copy(tmp_path / "mlflow.db", project)
    check_complete(project)
    assert list((tmp_path / "artifacts").rglob("cosine.json"))
    assert not (project / "mlartifacts").exists()


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "http://me:secret@127.0.0.1:{port}", "sqlite:////proc/no/m.db"])
def test_a_dead_store_costs_one_line_and_seconds(project: Path, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with silence() as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.format(port=port))
        started = time.monotonic()
        with pytest.raises(UserError) as error:
            track()
        # Left alone, MLflow tries for four minutes.
        assert time.monotonic() - started < 20
    assert str(error.value).startswith(f"MLflow at {uri.format(port=port).replace('me:secret', '***')} did not take")
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_the_users_settings_stand(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    store = project / "mine.db"
    shutil.move(project / "mlflow.db", store)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    track()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
    assert not (project / "mlflow.db").exists()


def test_a_deleted_experiment_comes_back_the_way_that_is_said(project: Path) -> None:
    track()
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    identity = client.get_experiment_by_name(tracking.EXPERIMENT).experiment_id
    client.delete_experiment(identity)
    with pytest.raises(UserError, match=f"mlflow experiments restore --experiment-id {identity}"):
        track()
    client.restore_experiment(identity)
    track()
    check_complete(project)


def test_two_processes_share_a_fresh_store(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "mlflow.db").unlink()
    processes = [FORKS.Process(target=track) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=300)
    output, errors = capfd.readouterr()
    assert [process.exitcode for process in processes] == [0, 0]
    assert errors == "Another process sends results to MLflow; waiting up to 60 s for it.\n"
    assert sorted(line.split(" sqlite")[0] for line in output.splitlines()) == [
        f"MLflow: {RUNS} runs sent to",
        "MLflow: nothing new for",
    ]
    check_complete(project)


def test_the_store_lies_in_the_repository_and_not_in_its_temporary_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a/b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert tracking.store_root() == tmp_path
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "elsewhere"))
    assert tracking.store_root() == tmp_path / "elsewhere"


def test_send_needs_no_current_folder(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    results = read_results(project)
    monkeypatch.chdir(tmp_path)
    records = describe(results)
    sent = tracking.send(records, state_digest(results, records), f"sqlite:///{project / 'mlflow.db'}", project)
    assert sent == RUNS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my project"]

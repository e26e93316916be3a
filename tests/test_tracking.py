import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from groupseg import tracking
from groupseg.report.records import describe, results_digest
from groupseg.report.results import read_results
from tests.results import DATASETS, REPOSITORY, STRATEGIES, build

RUNS = 1 + len(DATASETS) * len(STRATEGIES)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has set up: that takes seconds, a copy of it none."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    logging.getLogger("alembic").setLevel(logging.ERROR)
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def project(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with results and a store, as the current folder; spaces in its name on purpose."""
    root = tmp_path / "my project"
    root.mkdir()
    shutil.copy(empty_store, root / "mlflow.db")
    monkeypatch.chdir(build(root))
    monkeypatch.setenv("DVC_ROOT", str(root))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return root


def track() -> None:
    tracking.track(read_results(Path()))


def runs(project: Path) -> pd.DataFrame:
    # By the environment: `mlflow.set_tracking_uri` would stay set for all that follows.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project / 'mlflow.db'}")
        return mlflow.search_runs(experiment_names=[tracking.EXPERIMENT])


def test_runs_are_found_by_mlflow_with_their_figures(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    track()
    assert capsys.readouterr().out.startswith(f"MLflow: {RUNS} runs sent to sqlite:///")
    found = runs(project).set_index("tags.groupseg.part")
    assert len(found) == RUNS
    assert set(found["status"]) == {"FINISHED"}
    metrics = json.loads((project / "results/metrics/beta.json").read_text("utf-8"))
    for strategy in STRATEGIES:
        child = found.loc[f"beta/{strategy}"]
        assert child[f"metrics.beta/{strategy}/miou"] == metrics["strategies"][strategy]["miou"]
        assert child["tags.mlflow.parentRunId"] == found.loc["results"]["run_id"]
    assert found.loc["results"]["metrics.beta/oracle.label/miou"] == metrics["oracle"]["label"]["miou"]


def test_curves_data_sets_and_files_are_in_the_store(project: Path) -> None:
    track()
    found = runs(project).set_index("tags.groupseg.part")
    client = mlflow.MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    identity = found.loc["alpha/cosine"]["run_id"]
    curve = pd.read_csv("results/curves/alpha.csv").query("strategy == 'cosine'")
    history = client.get_metric_history(identity, "alpha/cosine/curve/miou")
    assert [metric.value for metric in sorted(history, key=lambda metric: metric.step)] == curve["miou"].tolist()
    (entry,) = client.get_run(identity).inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("alpha", "alpha".ljust(32, "0"))
    parent = found.loc["results"]["run_id"]
    assert {file.path for file in client.list_artifacts(parent, "results/metrics")} == {
        "results/metrics/alpha.json",
        "results/metrics/beta.json",
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
    path = project / "results/metrics/alpha.json"
    metrics = json.loads(path.read_text("utf-8"))
    metrics["strategies"]["fixed"]["miou"] = 0.5
    path.write_text(json.dumps(metrics), encoding="utf-8")
    track()
    found = runs(project)
    assert len(found) == 2 * RUNS
    assert sorted(found["metrics.alpha/fixed/miou"].eq(0.5)) == [False] * (2 * RUNS - 2) + [True] * 2


@pytest.mark.parametrize("calls", [1, 4, 7])
def test_what_was_interrupted_is_completed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], calls: int
) -> None:
    """The store fails in the middle of a run, after its figures and before its files."""
    real, count = mlflow.MlflowClient.log_artifact, iter(range(100))

    def fail(self: mlflow.MlflowClient, *arguments: str) -> None:
        if next(count) == calls:
            raise OSError("connection lost")
        real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_artifact", fail)
        track()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "connection lost" in error
    assert set(runs(project)["status"]) >= {"RUNNING"}

    track()
    assert capsys.readouterr().out.startswith(f"MLflow: {RUNS - calls} runs sent")
    found = runs(project)
    assert len(found) == RUNS == found["tags.groupseg.part"].nunique()
    assert set(found["status"]) == {"FINISHED"}
    client = mlflow.MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    for identity, part in zip(found["run_id"], found["tags.groupseg.part"], strict=True):
        if part != "results":
            steps = [metric.step for metric in client.get_metric_history(identity, f"{part}/curve/miou")]
            assert sorted(steps) == list(range(len(steps)))


def silent_server() -> socket.socket:
    """A server that takes connections and never answers."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_a_dead_server_costs_one_warning_and_seconds(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with silent_server() as server:
        for uri in (
            "http://127.0.0.1:9",
            f"http://127.0.0.1:{server.getsockname()[1]}",
            "sqlite:////proc/no/mlflow.db",
        ):
            monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
            started = time.monotonic()
            track()
            assert time.monotonic() - started < 15
            out, error = capsys.readouterr()
            assert out == ""
            assert error.startswith(f"warning: MLflow at {uri} did not take the results")
            assert error.count("\n") == 1
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    track()
    assert len(runs(project)) == RUNS


def test_the_users_settings_stand(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    store = project / "mine.db"
    shutil.move(project / "mlflow.db", store)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    track()
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
    assert not (project / "mlflow.db").exists()


def test_two_processes_share_a_fresh_store(project: Path) -> None:
    (project / "mlflow.db").unlink()
    command = [
        sys.executable,
        "-c",
        "from pathlib import Path; from groupseg.report.results import read_results;"
        "from groupseg.tracking import track; track(read_results(Path()))",
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in outputs] == ["", ""]
    assert sorted(out.split(" sqlite")[0] for out, _ in outputs) == [
        "MLflow: 9 runs sent to",
        "MLflow: nothing new for",
    ]
    assert len(runs(project)) == RUNS


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
    uri = f"sqlite:///{project / 'mlflow.db'}"
    assert tracking.send(describe(results), results_digest(results), uri, project) == RUNS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my project"]

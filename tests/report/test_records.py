import json
import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from mlflow.utils import validation

from groupseg.io.files import read_json
from groupseg.io.yaml_file import read_yaml
from groupseg.report.records import PARENT, Record, describe, results_digest, state_digest
from groupseg.report.results import gap_closed, read_results
from tests.results import BEST, DATASETS, STRATEGIES, build

ORACLE = "oracle.label"
PARTS = [f"{name}/{one}" for name in DATASETS for one in (*STRATEGIES, ORACLE)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return build(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that no test changes."""
    return build(tmp_path_factory.mktemp("project"))


def records(project: Path) -> dict[str, Record]:
    return {record.part: record for record in describe(read_results(project))}


def state(project: Path) -> str:
    results = read_results(project)
    return state_digest(results, describe(results))


def figures(record: Record) -> dict[str, float]:
    return {key: value for key, value, step in record.metrics if step == 0 and key != "miou_by_threshold"}


def test_a_parent_and_a_child_for_each_data_set_strategy_and_oracle(shared: Path) -> None:
    found = records(shared)
    assert list(found) == [PARENT, *PARTS]
    assert [record.name for record in list(found.values())[1:]] == [part.replace("/", " ") for part in PARTS]
    assert found["beta/cosine"].tags == {
        "kind": "strategy", "dataset": "beta", "strategy": "cosine", "run": "scenes", "model": "scenes_small",
        "split": "test",
    }  # fmt: skip
    assert found[f"beta/{ORACLE}"].tags["kind"] == "oracle"


def test_the_figures_of_a_child_are_those_of_the_files(shared: Path) -> None:
    metrics = read_json(shared / "results/scenes/metrics/beta.json")
    record = read_json(shared / "results/scenes/calibration/beta/cosine.json")
    judged, found = metrics["strategies"]["cosine"], figures(records(shared)["beta/cosine"])
    assert found == {
        "miou": judged["miou"],
        "miou_ci_low": judged["miou_ci"][0],
        "miou_ci_high": judged["miou_ci"][1],
        "background_iou": judged["background_iou"],
        "foreground_miou": judged["foreground_miou"],
        "pixel_accuracy": judged["pixel_accuracy"],
        "difference_to_baseline": judged["difference_to_baseline"],
        "difference_to_baseline_ci_low": judged["difference_to_baseline_ci"][0],
        "difference_to_baseline_ci_high": judged["difference_to_baseline_ci"][1],
        "short_of_oracle": judged["short_of_oracle"],
        "short_of_oracle_ci_low": judged["short_of_oracle_ci"][0],
        "short_of_oracle_ci_high": judged["short_of_oracle_ci"][1],
        "gap_closed": gap_closed([read_results(shared).datasets[1]], "cosine"),
        "threshold": record["fitted"]["threshold"],
        "calibration_miou": record["fitted"]["miou"],
    }


def test_a_rule_that_is_not_calibrated_has_the_threshold_of_its_parameters(shared: Path) -> None:
    found = figures(records(shared)["alpha/fixed"])
    assert found["threshold"] == read_yaml(shared / "params.yaml")["strategies"]["fixed"]["threshold"]
    assert found["gap_closed"] == 0
    assert "calibration_miou" not in found


def test_the_threshold_of_folds_is_their_mean(project: Path) -> None:
    path = project / "results/scenes/calibration/alpha/cosine.json"
    record = read_json(path)
    folds = [{"fitted": {"threshold": value, "miou": 0.5}} for value in (0.1, 0.2, 0.6)]
    path.write_text(json.dumps({**record, "fitted": {}, "folds": folds, "crossfit": 3}), encoding="utf-8")
    found = records(project)["alpha/cosine"]
    assert figures(found)["threshold"] == pytest.approx(0.3)
    assert found.params["calibration.crossfit"] == "3"


def test_oracles_have_figures_and_no_calibration(shared: Path) -> None:
    metrics = read_json(shared / "results/scenes/metrics/alpha.json")
    oracle = records(shared)[f"alpha/{ORACLE}"]
    assert figures(oracle)["miou"] == metrics["oracle"]["label"]["miou"]
    assert figures(oracle)["gap_closed"] == 1
    assert not oracle.files
    assert not any(name.startswith(("strategy.", "calibration.")) for name in oracle.params)


def test_parameters_are_complete(shared: Path) -> None:
    params, found = read_yaml(shared / "params.yaml"), records(shared)["beta/cosine"].params
    record = read_json(shared / "results/scenes/calibration/beta/cosine.json")
    metrics = read_json(shared / "results/scenes/metrics/beta.json")
    assert record["params"]
    assert {
        "strategy.rule": record["rule"],
        **{f"strategy.{name}": str(value) for name, value in record["params"].items()},
        **{f"calibration.{name}": str(record[name]) for name in ("split", "images", "with_background")},
        **{f"calibration.key.{part}": value for part, value in record["key"].items()},
        **{f"protocol.{name}": value for name, value in metrics["protocol"].items() if name != "score"},
        "protocol.images": str(metrics["images"]),
        "protocol.classes": str(metrics["classes"]),
        "model.name": "scenes_small",
        "model.training.steps": str(params["models"]["scenes_small"]["training"]["steps"]),
        "model.architecture.dim": str(params["models"]["scenes_small"]["architecture"]["dim"]),
        "evaluate.resamples": str(params["evaluate"]["resamples"]),
        "dataset.source.format": "folder",
        "dataset.prompts.names.hot air balloon": "balloon (hot air)",
    }.items() <= found.items()


def test_the_parent_tells_of_each_data_set_in_names_of_its_own(shared: Path) -> None:
    found = records(shared)
    metrics = read_json(shared / "results/scenes/metrics/alpha.json")
    rungs = read_json(shared / "results/scenes/ladder/alpha.json")["rungs"]
    parent = figures(found[PARENT])
    assert parent["alpha/best_miou"] == metrics["strategies"][BEST]["miou"]
    assert {f"alpha/ladder/{rung['name']}": rung["miou"] for rung in rungs}.items() <= parent.items()
    assert parent.keys().isdisjoint(figures(found["alpha/cosine"]))
    assert found[PARENT].params["run.name"] == "scenes"


def test_names_and_values_are_such_as_mlflow_takes(shared: Path) -> None:
    for record in records(shared).values():
        for key, value, step in record.metrics:
            validation._validate_metric(key, value, 0, step)
        for key, text in record.params.items():
            validation._validate_param(key, text)
            assert len(text) <= validation.MAX_PARAM_VAL_LENGTH
        for key, text in {**record.tags, **record.origin}.items():
            validation._validate_tag(key, text)
            assert len(text) <= validation.MAX_TAG_VAL_LENGTH


def test_the_steps_of_a_curve_are_thresholds(shared: Path) -> None:
    curve = pd.read_csv(shared / "results/scenes/curves/alpha.csv").query("strategy == 'cosine'")
    points = {step: value for key, value, step in records(shared)["alpha/cosine"].metrics if key == "miou_by_threshold"}
    assert len(points) > 2
    assert max(points.values()) == curve["miou"].max()
    for threshold, miou in zip(curve["threshold"], curve["miou"], strict=True):
        assert points[round(10_000 * threshold)] >= miou


def test_files_are_those_of_the_results_each_once(shared: Path) -> None:
    found = records(shared)
    assert found["beta/cosine"].files == [(shared / "results/scenes/calibration/beta/cosine.json", "")]
    told = [path for record in found.values() for path, _ in record.files]
    assert len(told) == len(set(told))
    assert {path.relative_to(shared).parts[0] for path in told} == {"results"}
    assert (shared / "results/scenes/transfer/alpha.csv", "transfer") in found[PARENT].files
    assert (shared / "results/scenes/metrics/beta.json", "metrics") in found[PARENT].files


def test_results_are_all_that_is_read(project: Path) -> None:
    before = state(project)
    shutil.rmtree(project / "data")
    shutil.rmtree(project / "models")
    (project / "dvc.lock").unlink()
    assert state(project) == before


def test_the_data_set_that_was_judged_is_that_of_the_lock(project: Path) -> None:
    assert records(project)["beta/cosine"].dataset == ("beta", "beta".ljust(32, "0"))
    (project / "dvc.lock").unlink()
    assert all(record.dataset is None for record in describe(read_results(project)))


def commit(project: Path, message: str) -> str:
    who = {f"GIT_{role}_{part}": "a" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", message, "--allow-empty"]):
        subprocess.run(["git", *command], cwd=project, check=True, env={**os.environ, **who})
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_parent_is_called_after_commit_or_experiment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    assert records(project)[PARENT].name == "scenes"
    sha = commit(project, "results")
    found = records(project)
    assert found[PARENT].name == sha[:7]
    assert found["beta/cosine"].origin == {"mlflow.source.git.commit": sha, "git.dirty": "false"}
    (project / "params.yaml").write_text((project / "params.yaml").read_text("utf-8") + "\n", encoding="utf-8")
    assert records(project)[PARENT].name == f"{sha[:7]}-dirty"
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    assert records(project)[PARENT].name == "bold-idea"
    assert records(project)["beta/cosine"].origin["dvc.exp.name"] == "bold-idea"


def test_the_digest_follows_what_records_say_and_not_where_they_were_found(project: Path) -> None:
    before = state(project)
    commit(project, "one")
    (project / "results/scenes/figures").mkdir()
    (project / "results/scenes/figures/curve.png").write_bytes(b"drawn")
    assert state(project) == before
    params = read_yaml(project / "params.yaml")
    params["evaluate"]["resamples"] += 1
    (project / "params.yaml").write_text(json.dumps(params), encoding="utf-8")
    another = state(project)
    assert another != before
    per_class = project / "results/scenes/per_class/alpha.csv"
    per_class.write_text(per_class.read_text("utf-8").rstrip("\n"), encoding="utf-8")
    assert state(project) not in (before, another)


def test_the_digest_of_results_follows_their_files_alone(project: Path) -> None:
    before = results_digest(read_results(project))
    (project / "results/scenes/report.html").write_text("", encoding="utf-8")
    (project / "results/scenes/metrics/old.json").write_text("", encoding="utf-8")
    assert results_digest(read_results(project)) == before
    curves = project / "results/scenes/curves/alpha.csv"
    curves.write_text(curves.read_text("utf-8").rstrip("\n"), encoding="utf-8")
    assert results_digest(read_results(project)) != before

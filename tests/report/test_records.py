import json
import re
from pathlib import Path

import pytest

from groupseg.report.records import PARENT, describe, results_digest
from groupseg.report.results import read_results
from tests.results import DATASETS, STRATEGIES, build


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return build(tmp_path)


def test_one_parent_and_a_child_for_each_data_set_and_strategy(project: Path) -> None:
    parent, *children = describe(read_results(project))
    assert parent.part == PARENT
    assert [child.part for child in children] == [f"{name}/{one}" for name in DATASETS for one in STRATEGIES]


def test_names_are_such_as_trackers_allow(project: Path) -> None:
    for record in describe(read_results(project)):
        for name in (*record.params, *(key for key, _, _ in record.metrics)):
            assert re.fullmatch(r"[\w /:.-]+", name), name


def test_figures_are_those_of_the_files(project: Path) -> None:
    metrics = json.loads((project / "results/scenes/metrics/beta.json").read_text("utf-8"))
    parent, *children = describe(read_results(project))
    child = next(child for child in children if child.part == "beta/cosine")
    for record in (parent, child):
        values = {key: value for key, value, _ in record.metrics}
        assert values["beta/cosine/miou"] == metrics["strategies"]["cosine"]["miou"]
        assert values["beta/cosine/miou_ci_low"] == metrics["strategies"]["cosine"]["miou_ci"][0]
    assert child.params["strategy.score"] == "cosine"
    assert child.params["dataset.prompts.names.hot air balloon"] == "balloon (hot air)"
    assert child.dataset == ("beta", "beta".ljust(32, "0"))


def test_oracle_figures_say_oracle(project: Path) -> None:
    oracle = json.loads((project / "results/scenes/metrics/alpha.json").read_text("utf-8"))["oracle"]["label"]["miou"]
    parent, *children = describe(read_results(project))
    assert ("alpha/oracle.label/miou", oracle, 0) in parent.metrics
    strategies = {f"{name}/{one}" for name in DATASETS for one in STRATEGIES}
    for record in (parent, *children):
        for key, _, _ in record.metrics:
            part = key.rpartition("/")[0].removesuffix("/curve")
            assert part in strategies | {"train"} or part.endswith("/ladder") or "oracle" in key


def test_the_rungs_of_the_ladder_are_logged_once(project: Path) -> None:
    parent, *children = describe(read_results(project))
    rungs = json.loads((project / "results/scenes/ladder/alpha.json").read_text("utf-8"))["rungs"]
    assert [metric for metric in parent.metrics if metric[0].startswith("alpha/ladder/")] == [
        (f"alpha/ladder/{rung['name']}", rung["miou"], 0) for rung in rungs
    ]
    assert not any("ladder" in key for child in children for key, _, _ in child.metrics)


def test_curves_and_history_have_steps(project: Path) -> None:
    parent, *children = describe(read_results(project))
    assert [step for key, _, step in parent.metrics if key == "train/loss"] == list(range(1, 51))
    thresholds = [value for key, value, _ in children[0].metrics if key.endswith("/curve/threshold")]
    assert thresholds == sorted(thresholds, reverse=True)
    assert len(thresholds) > 2


def test_an_experiment_of_dvc_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    assert describe(read_results(project))[0].tags["dvc.exp.name"] == "bold-idea"


def test_the_digest_follows_the_results_alone(project: Path) -> None:
    before = results_digest(read_results(project))
    (project / "results/scenes/report.html").write_text("", encoding="utf-8")
    (project / "results/scenes/metrics/old.json").write_text("", encoding="utf-8")
    assert results_digest(read_results(project)) == before
    curves = project / "results/scenes/curves/alpha.csv"
    curves.write_text(curves.read_text("utf-8").rstrip("\n"), encoding="utf-8")
    assert results_digest(read_results(project)) != before


def test_a_project_without_lock_has_no_digests(project: Path) -> None:
    (project / "dvc.lock").unlink()
    assert all(record.dataset is None for record in describe(read_results(project)))

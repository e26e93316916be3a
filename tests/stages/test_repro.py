"""The whole graph, as a user runs it: a temporary repository, the real DVC, a tiny configuration."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient
from ruamel.yaml import YAML

from groupseg.kinds import read_kind
from tests.groupvit.tiny import TINY, tiny_model

CHECKOUT = Path(__file__).parents[2]
SHIPPED = (
    ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "dvc.yaml", "data/raw/README.md",
)  # fmt: skip
STRATEGIES = ["fixed", "per_class", "cosine"]
VARIANT = "scenes_small_seed1"
STEPS = 60

# Stages that read calibrations, stages that make their own, and stages that show what came out.
JUDGED = {"evaluate@scenes20", "ladder@scenes20"}
STUDIED = {"learning@scenes20", "vocabulary@scenes20", "transfer"}
TOLD = {"report", "track"}


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_", "GIT_"))}
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": tools, "DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "2"}


def run(folder: Path, *command: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=folder, env={**environment(), **extra}, capture_output=True, text=True, timeout=600, check=False
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def repro(folder: Path, *targets: str) -> list[str]:
    """Runs `dvc repro` and returns the stages that ran."""
    return re.findall(r"Running stage '(.+?)'", run(folder, "dvc", "repro", *targets).stdout)


def changed(folder: Path) -> set[str]:
    """Returns the stages that `dvc repro` would run for changes of what they depend on; variants are left out."""
    found = json.loads(run(folder, "dvc", "status", "--json").stdout)
    return {stage for stage in found if not stage.startswith("variants/")}


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    yaml = YAML()
    path = folder / "params.yaml"
    params = yaml.load(path)
    edit(params)
    yaml.dump(params, path)


def make_tiny(params: dict[str, Any]) -> None:
    """Shrinks all that runs."""
    params["run"].update(datasets=["scenes20"], corpora=["scenes20"], strategies=STRATEGIES, variants=[VARIANT])
    params["datasets"]["scenes20"]["source"].update(calib=10, test=8)
    params["corpora"]["scenes20"]["images"] = 40
    for name in ("scenes_small", VARIANT):
        model = params["models"][name]
        model["architecture"].update(dim=16, depth=1, heads=2, tokens=4)
        model["training"].update(steps=STEPS, batch=8, warmup=5)
    params["evaluate"].update(resamples=50, best="cosine")
    params["studies"]["learning"].update(sizes=[4], draws=1)
    params["studies"]["vocabulary"].update(sizes=[5], absent=[5], draws=1, strategies=["fixed", "cosine"])
    params["report"]["pictures"] = 2


def new_repository(folder: Path) -> Path:
    for part in ("groupseg", "stages"):
        shutil.copytree(CHECKOUT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*SHIPPED, "params.yaml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, folder / name)
    change(folder, make_tiny)
    run(folder, "git", "init", "-q")
    run(folder, "git", "config", "user.name", "A")
    run(folder, "git", "config", "user.email", "a@example.org")
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "tiny")
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which `dvc repro` has run once, and then the variant, which is no part of that."""
    folder = new_repository(tmp_path_factory.mktemp("tiny"))
    ran = repro(folder)
    assert len(ran) == 18
    assert not [stage for stage in ran if stage.startswith("variants/")]
    stages = [f"variants/dvc.yaml:{name}@{VARIANT}" for name in ("train", "variant")]
    assert repro(folder, stages[-1]) == stages
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "results")
    return folder


@pytest.fixture(autouse=True)
def clean(repository: Path) -> Iterator[None]:
    yield
    run(repository, "git", "reset", "-q", "--hard")  # also what DVC has put into the index
    run(repository, "git", "clean", "-fdq")
    run(repository, "dvc", "checkout", "-q")


def test_results_are_there_and_named_as_promised(repository: Path) -> None:
    metrics = read(repository / "results/metrics/scenes20.json")
    assert set(metrics) == {"protocol", "images", "classes", "strategies", "oracle"}
    assert set(metrics["protocol"]) == {"model", "weights_sha256", "text", "resolution", "window", "split", "score"}
    assert (metrics["images"], metrics["classes"]) == (8, 20)
    assert list(metrics["strategies"]) == sorted(STRATEGIES)
    for figures in metrics["strategies"].values():
        assert set(figures) == {
            "miou", "miou_ci", "background_iou", "foreground_miou", "pixel_accuracy",
            "difference_to_fixed", "difference_to_fixed_ci",
        }  # fmt: skip
        assert (
            0 <= figures["miou_ci"][0] <= figures["miou"] <= figures["miou_ci"][1] <= metrics["oracle"]["label"]["miou"]
        )
    ladder = read(repository / "results/ladder/scenes20.json")
    assert set(ladder) == {"strategy", "rungs", "naive"}
    assert ladder["strategy"] == "cosine"
    assert len((repository / "results/train/scenes_small.csv").read_text().splitlines()) == STEPS + 1
    tables = ("confusions", "curves", "learning", "losses", "pairs", "per_class", "reliability", "vocabulary")
    for table in (*(f"{name}/scenes20" for name in tables), "transfer"):
        assert len((repository / f"results/{table}.csv").read_text().splitlines()) > 1, table
    assert (repository / "results/report.html").stat().st_size > 10_000


def test_runs_are_in_the_store(repository: Path) -> None:
    client = MlflowClient(f"sqlite:///{repository}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    names = {found.info.run_name for found in client.search_runs(experiments)}
    assert {f"scenes20/{name}" for name in STRATEGIES} <= names


def test_nothing_runs_again(repository: Path) -> None:
    assert repro(repository) == []


def test_one_parameter_of_a_strategy_calibrates_that_strategy(repository: Path) -> None:
    change(repository, lambda params: params["strategies"]["fixed"].update(threshold=0.2))
    assert changed(repository) == {"calibrate@scenes20-fixed"} | STUDIED


def test_another_best_strategy_and_another_study_judge_nothing_again(repository: Path) -> None:
    def edit(params: dict[str, Any]) -> None:
        params["evaluate"]["best"] = "per_class"
        params["studies"]["learning"]["sizes"] = [5]

    change(repository, edit)
    assert changed(repository) == {"ladder@scenes20", "learning@scenes20"} | TOLD


def test_a_prompt_retrains_nothing(repository: Path) -> None:
    change(repository, lambda params: params["datasets"]["scenes20"]["prompts"]["names"].update(sofa="couch"))
    ran = repro(repository)
    assert ran[0] == "embed_text@scenes20"
    assert set(ran[1:]) == {f"calibrate@scenes20-{name}" for name in STRATEGIES} | JUDGED | STUDIED | TOLD


def test_code_of_strategies_segments_and_trains_nothing(repository: Path) -> None:
    with (repository / "groupseg/strategies/fixed.py").open("a") as file:
        file.write("\n# A remark.\n")
    calibrations = {f"calibrate@scenes20-{name}" for name in STRATEGIES}
    assert changed(repository) == calibrations | JUDGED | STUDIED


def test_a_variant_leaves_its_figures(repository: Path) -> None:
    assert len((repository / f"results/train/{VARIANT}.csv").read_text().splitlines()) == STEPS + 1
    found = read(repository / f"results/variants/{VARIANT}.json")
    metrics = read(repository / "results/metrics/scenes20.json")
    assert set(found) == {"model", "weights_sha256", "datasets"}
    assert found["model"] == VARIANT
    assert found["weights_sha256"] != metrics["protocol"]["weights_sha256"]
    assert set(found["datasets"]) == {"scenes20"}
    figures = found["datasets"]["scenes20"]
    assert set(figures["strategies"]) == set(STRATEGIES)
    for figure in (*figures["strategies"].values(), figures["oracle"]["label"]):
        assert 0 <= figure["miou_ci"][0] <= figure["miou"] <= figure["miou_ci"][1] <= 1


def test_as_a_variant_the_model_that_runs_has_the_same_figures(repository: Path) -> None:
    run(repository, sys.executable, "-m", "stages.variant", "scenes_small")
    found = read(repository / "results/variants/scenes_small.json")
    metrics = read(repository / "results/metrics/scenes20.json")
    assert found["weights_sha256"] == metrics["protocol"]["weights_sha256"]
    expected = {
        kind: {name: {key: figure[key] for key in ("miou", "miou_ci")} for name, figure in metrics[kind].items()}
        for kind in ("strategies", "oracle")
    }
    assert found["datasets"] == {"scenes20": expected}


def test_two_commits_are_compared(repository: Path) -> None:
    change(repository, lambda params: params["strategies"]["fixed"].update(threshold=0.0))
    assert repro(repository, "evaluate@scenes20") == ["calibrate@scenes20-fixed", "evaluate@scenes20"]
    difference = json.loads(run(repository, "dvc", "metrics", "diff", "HEAD", "--json").stdout)
    assert "strategies.fixed.miou" in difference["results/metrics/scenes20.json"]
    run(repository, "git", "commit", "-qam", "another threshold")
    shown = run(repository, "dvc", "exp", "show", "-A", "--csv").stdout
    assert "strategies.fixed.miou" in shown
    run(repository, "git", "reset", "-q", "--hard", "HEAD~1")


def test_published_weights_need_no_captions_and_are_not_trained(repository: Path) -> None:
    torch.save({"model": tiny_model().state_dict()}, repository / "mine.pth")
    mine = {
        "groupvit": asdict(TINY), "frame": {"short": 64, "long": 256, "crop": 64, "stride": 32},
        "precision": "float32", "weights": "mine.pth",
    }  # fmt: skip

    def edit(params: dict[str, Any]) -> None:
        params["models"]["mine"] = mine
        params["run"].update(model="mine", corpora=[])

    change(repository, edit)
    assert sorted(repro(repository, "train")) == ["download", "embed_captions", "train@mine", "weights@mine"]
    assert read_kind(repository / "models/mine.safetensors") == "groupvit"


def test_a_clone_that_pulls_runs_nothing(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(repository, "dvc", "remote", "add", "-f", "-d", "shared", str(tmp_path / "remote"))
    run(repository, "dvc", "push", "-q")
    run(tmp_path, "git", "clone", "-q", str(repository), str(clone))
    run(clone, "dvc", "remote", "add", "-d", "shared", str(tmp_path / "remote"))
    run(clone, "dvc", "pull", "-q")
    assert repro(clone) == []


def test_training_that_was_killed_ends_the_same(repository: Path, tmp_path: Path) -> None:
    folder = new_repository(tmp_path / "killed")
    # A group of its own, so that the training dies with DVC at once.
    process = subprocess.Popen(
        ["dvc", "repro", "train"],
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not list((folder / ".work" / "train").glob("*.pt")):
        assert process.poll() is None, "training ended before its first state was saved"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "models/scenes_small.safetensors").exists()
    finished = run(folder, "dvc", "repro", "train")
    assert "Going on after step" in finished.stdout + finished.stderr
    weights = "models/scenes_small.safetensors"
    assert (folder / weights).read_bytes() == (repository / weights).read_bytes()


def test_other_parameters_start_anew(repository: Path) -> None:
    state = repository / ".work" / "train"
    state.mkdir(parents=True, exist_ok=True)
    (state / "0123456789abcdef.pt").write_bytes(b"the state of another training")
    change(repository, lambda params: params["models"]["scenes_small"]["training"].update(steps=3))
    done = run(repository, "dvc", "repro", "train")
    assert "Going on" not in done.stdout + done.stderr
    history = (repository / "results/train/scenes_small.csv").read_text().splitlines()
    assert len(history) == 4


def test_a_dead_server_costs_one_warning(repository: Path) -> None:
    done = run(repository, "dvc", "repro", "-s", "-f", "track", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    warnings = [line for line in (done.stdout + done.stderr).splitlines() if "groupseg track" in line]
    assert len(warnings) == 1


def test_an_unknown_parameter_is_one_line(repository: Path) -> None:
    change(repository, lambda params: params["strategies"]["cosine"].update(socre="cosine"))
    done = run(repository, "dvc", "repro", check=False)
    assert done.returncode != 0
    assert "params.yaml: strategies.cosine.socre: unknown key; did you mean 'score'?" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr

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

import numpy as np
import psutil
import pytest
import torch
from mlflow import MlflowClient
from PIL import Image
from ruamel.yaml import YAML

from groupseg.errors import UserError
from groupseg.networks.registry import find_kind
from groupseg.report.results import TABLES, read_results
from tests.commands import git
from tests.networks.groupvit.tiny import TINY, tiny_model
from tests.recompute import recompute, recorded_figures
from tests.stages.warm import programs

CHECKOUT = Path(__file__).parents[2]
SHIPPED = (
    ".dvc/config", ".dvc/.gitignore", ".dvc/plots/strategies.json", ".dvcignore", ".gitignore", "dvc.yaml",
    "data/raw/README.md",
)  # fmt: skip
STRATEGIES = ["fixed", "per_class", "cosine"]
VARIANT = "scenes_small_seed1"
STEPS = 60

# What judges strategies again, and what shows it.
JUDGED, TOLD = {"evaluate@scenes20", "studies@scenes20"}, {"report", "track"}
QUIET = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
KILLS = int(os.environ.get("GROUPSEG_TEST_KILLS", "1"))


def environment() -> dict[str, str]:
    """The environment of programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_", "GIT_"))}
    places = [str(programs()), str(Path(sys.executable).parent), os.environ["PATH"]]
    # More processes would each import everything again.
    return {**kept, **QUIET, "PATH": os.pathsep.join(places), "GROUPSEG_WORKERS": "1"}


def run(folder: Path, *command: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
    env = {**environment(), **extra}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def repro(folder: Path, *targets: str, **extra: str) -> list[str]:
    """Runs `dvc repro` and returns the stages that ran."""
    return re.findall(r"Running stage '(.+?)'", run(folder, "dvc", "repro", *targets, **extra).stdout)


def told(folder: Path, *targets: str) -> list[str]:
    """Runs `dvc repro` and returns what stages say of kept and made records, without the seconds."""
    return re.findall(r"^(.+: \d+ kept, .+) in [\d.]+ s$", run(folder, "dvc", "repro", *targets).stdout, re.MULTILINE)


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
        model["architecture"].update(resolution=32, dim=16, depth=1, heads=2, tokens=4)
        model["training"].update(steps=STEPS, batch=8, warmup=5)
    params["text"]["ensemble"] = ["a photo of a {}.", "a bad photo of the {}."]
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
    for command in ("init -q", "config user.name A", "config user.email a@example.org", "add -A", "commit -qm tiny"):
        git(folder, *command.split())
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which `dvc repro` has run once, and then the variant, which is no part of that; to read alone."""
    folder = new_repository(tmp_path_factory.mktemp("tiny"))
    assert len(repro(folder)) == 12
    run(folder, "python", "-m", "stages.variant", VARIANT)
    assert repro(folder) == ["sources", "report"]  # which shows the variant
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "results")
    return folder


@pytest.fixture
def repository(finished: Path) -> Iterator[Path]:
    """The same one, for a test that changes something; what it has changed is taken back."""
    yield finished
    git(finished, "reset", "-q", "--hard")  # also what DVC has put into the index
    git(finished, "clean", "-fdq")
    run(finished, "dvc", "checkout", "-q")


def test_results_are_there_and_named_as_promised(finished: Path) -> None:
    metrics = read(finished / "results/scenes/metrics/scenes20.json")
    assert set(metrics) == {"protocol", "baseline", "images", "classes", "strategies", "oracle", "warnings"}
    protocol = {"model", "weights_sha256", "text", "resolution", "window", "refine", "split", "score"}
    assert set(metrics["protocol"]) == protocol
    assert (metrics["images"], metrics["classes"]) == (8, 20)
    assert list(metrics["strategies"]) == sorted(STRATEGIES)
    for figures in metrics["strategies"].values():
        assert set(figures) == {
            "miou", "miou_ci", "background_iou", "foreground_miou", "pixel_accuracy",
            "difference_to_baseline", "difference_to_baseline_ci", "short_of_oracle", "short_of_oracle_ci",
        }  # fmt: skip
        assert 0 <= figures["miou_ci"][0] <= figures["miou"] <= figures["miou_ci"][1] <= 1
        assert figures["miou"] <= metrics["oracle"]["label"]["miou"]
    ladder = read(finished / "results/scenes/ladder/scenes20.json")
    assert set(ladder) == {"strategies", "rungs", "accept_or_drop"}
    assert ladder["strategies"]["best calibrated"] == "cosine"
    assert len((finished / "models/scenes_small.csv").read_text().splitlines()) == STEPS + 1
    for table in TABLES:
        assert len((finished / f"results/scenes/{table}/scenes20.csv").read_text().splitlines()) > 1, table
    assert (finished / "results/scenes/report.html").stat().st_size > 10_000


def test_figures_are_those_of_the_label_maps(finished: Path) -> None:
    found = recompute(finished, "scenes20", "scenes")
    assert set(found) == {*STRATEGIES, "oracle.label"}
    assert found == pytest.approx(recorded_figures(finished, "scenes20", "scenes"), abs=1e-6)


def check_store(folder: Path) -> None:
    """Looks for a run of each strategy, with its mIoU and all that it was made with."""
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = {found.info.run_name: found.data for found in client.search_runs(experiments)}
    metrics = read(folder / "results/scenes/metrics/scenes20.json")["strategies"]
    for name in STRATEGIES:
        found = runs[f"scenes20 {name}"]
        assert found.metrics["miou"] == metrics[name]["miou"]
        record = read(folder / f"results/scenes/calibration/scenes20/{name}.json")
        assert {
            f"strategy.{key}": str(value) for key, value in record["params"].items()
        }.items() <= found.params.items()


def test_runs_are_in_the_store(finished: Path) -> None:
    check_store(finished)


def test_nothing_runs_again(finished: Path) -> None:
    assert repro(finished) == []


def test_one_parameter_of_a_strategy_makes_its_records_alone(repository: Path) -> None:
    change(repository, lambda params: params["strategies"]["fixed"].update(threshold=0.2))
    before = {path: path.read_bytes() for path in (repository / "results/scenes/calibration").rglob("*.json")}
    assert sorted(told(repository, *JUDGED)) == [
        "calibrate scenes20: 2 kept, 1 made (fixed: parameters changed)",
        "curves scenes20: 3 kept, 0 made",
        "learning scenes20: 2 kept, 1 made (fixed: new or changed)",
        "transfer scenes20: 1 kept, 0 made",
        "vocabulary scenes20: 1 kept, 1 made (fixed: new or changed)",
    ]
    changed = [path.stem for path, content in before.items() if path.read_bytes() != content]
    assert changed == ["fixed"]


def test_a_line_of_one_strategy_makes_its_records_alone_and_a_comment_none(repository: Path) -> None:
    files = [
        repository / f"groupseg/{name}.py"
        for name in ("io/files", "metrics/ladder", "strategies/fixed", "networks/scenes/trunk")
    ]
    for path in files:
        path.write_text(f"# A remark.\n{path.read_text()}")
    assert repro(repository) == ["sources"]
    with files[2].open("a") as file:
        file.write("\nCHANGED = 1\n")
    assert told(repository, "calibrate@scenes20") == ["calibrate scenes20: 2 kept, 1 made (fixed: code changed)"]
    done = run(repository, "groupseg", "why", "scenes20", "fixed").stdout
    assert "fixed.json is up to date" in done


def shortened(path: Path) -> str:
    """A file of results without the end of one of its lists, or one of the columns of its table."""
    if path.suffix == ".csv":
        return "\n".join(line.partition(",")[2] for line in path.read_text().splitlines())
    content = read(path)
    if "fitted" in content:
        content["fitted"]["thresholds"].pop()
    else:
        content.pop("strategies")
    return json.dumps(content)


def test_a_file_of_results_that_was_changed_is_made_again_once_it_is_deleted(repository: Path) -> None:
    results = repository / "results/scenes"
    files = [results / f"{kind}/scenes20.csv" for kind in TABLES]
    files += [results / f"{kind}/scenes20.json" for kind in ("metrics", "ladder")]
    files += [results / "calibration/scenes20/per_class.json"]
    good = {path: path.read_bytes() for path in files}
    for path in files:
        for damage in ("{", shortened(path)):
            path.write_text(damage)
            with pytest.raises(UserError, match=rf"^{path}.* Delete it and run `dvc repro` again\.$"):
                read_results(repository)
            path.write_bytes(good[path])
    *tables, calibration = files
    for path in tables:
        path.unlink()
    calibration.write_text(shortened(calibration))  # the stage itself makes a record of another form again
    repro(repository)
    assert {path: path.read_bytes() for path in files} == good


def test_another_best_strategy_and_another_study_calibrate_nothing(repository: Path) -> None:
    def edit(params: dict[str, Any]) -> None:
        params["evaluate"]["best"] = "per_class"
        params["studies"]["learning"]["sizes"] = [5]

    change(repository, edit)
    assert repro(repository, "sources") == ["sources"]
    found = json.loads(run(repository, "dvc", "status", "--json").stdout)
    assert set(found) == {*JUDGED, "report"}


def test_refined_masks_are_segmented_again_and_retrain_nothing(repository: Path) -> None:
    change(repository, lambda params: params["refine"]["scenes_small"].update(kind="pamr", steps=1))
    ran = repro(repository)
    assert set(ran) == {"sources", "segment@scenes20", "calibrate@scenes20", *JUDGED, *TOLD}
    refine = "pamr, dilations 1 2 4 8 12 24, steps 1"
    assert read(repository / "results/scenes/metrics/scenes20.json")["protocol"]["refine"] == refine
    assert read(repository / "results/scenes/calibration/scenes20/fixed.json")["refine"] == refine
    assert refine in (repository / "results/scenes/report.html").read_text()


def test_a_prompt_retrains_nothing(repository: Path) -> None:
    change(repository, lambda params: params["datasets"]["scenes20"]["prompts"]["names"].update(sofa="couch"))
    ran = set(repro(repository))
    assert ran <= {"sources", "embed_text@scenes20", "calibrate@scenes20"} | JUDGED | TOLD
    assert {"embed_text@scenes20", "calibrate@scenes20"} | JUDGED <= ran


def test_a_variant_leaves_its_figures(finished: Path) -> None:
    assert len((finished / f"models/{VARIANT}.csv").read_text().splitlines()) == STEPS + 1
    found = read(finished / f"results/scenes/variants/{VARIANT}.json")
    metrics = read(finished / "results/scenes/metrics/scenes20.json")
    assert set(found) == {"model", "weights_sha256", "refine", "datasets"}
    assert found["model"] == VARIANT
    assert found["weights_sha256"] != metrics["protocol"]["weights_sha256"]
    assert set(found["datasets"]) == {"scenes20"}
    figures = found["datasets"]["scenes20"]
    assert set(figures["strategies"]) == set(STRATEGIES)
    for figure in (*figures["strategies"].values(), figures["oracle"]["label"]):
        assert 0 <= figure["miou_ci"][0] <= figure["miou"] <= figure["miou_ci"][1] <= 1


def test_as_a_variant_the_model_that_runs_has_the_same_figures(repository: Path) -> None:
    run(repository, "python", "-m", "stages.variant", "scenes_small")
    found = read(repository / "results/scenes/variants/scenes_small.json")
    metrics = read(repository / "results/scenes/metrics/scenes20.json")
    assert found["weights_sha256"] == metrics["protocol"]["weights_sha256"]
    expected = {
        kind: {name: {key: figure[key] for key in ("miou", "miou_ci")} for name, figure in metrics[kind].items()}
        for kind in ("strategies", "oracle")
    }
    figures = found["datasets"]["scenes20"]
    for figure in (*figures["strategies"].values(), figures["oracle"]["label"]):
        assert figure.pop("key")
    above = read(repository / "results/scenes/ladder/scenes20.json")["rungs"][-len(figures["ladder"]["rungs"]) :]
    assert figures.pop("ladder")["rungs"] == above
    assert figures == expected


def test_a_variant_is_kept_by_its_key(repository: Path) -> None:
    done = run(repository, "python", "-m", "stages.variant", VARIANT).stdout
    assert f"{VARIANT}: weights kept" in done
    assert f"{VARIANT} on scenes20: 4 kept, 0 made" in done
    change(repository, lambda params: params["strategies"]["fixed"].update(threshold=0.2))
    done = run(repository, "python", "-m", "stages.variant", VARIANT).stdout
    assert f"{VARIANT} on scenes20: 3 kept, 1 made (fixed: new or changed)" in done


def shown_without() -> str:
    """The columns that the README leaves out of `dvc exp show`."""
    return re.findall(r"dvc exp show --only-changed --drop '(.+?)'", (CHECKOUT / "README.md").read_text("utf-8"))[0]


def test_two_commits_are_compared(repository: Path) -> None:
    change(repository, lambda params: params["evaluate"].update(best="fixed"))
    repro(repository, "report")
    difference = json.loads(run(repository, "dvc", "metrics", "diff", "HEAD", "--json").stdout)
    assert "scenes20.best" in difference["results/scenes/summary.json"]
    run(repository, "git", "commit", "-qam", "another strategy")
    for command in (
        ["metrics", "show"],
        ["metrics", "diff", "HEAD~1"],
        ["exp", "show", "-A", "--only-changed", "--drop", shown_without()],
    ):
        shown = run(repository, "dvc", *command, COLUMNS="160").stdout
        assert "scenes20.best" in shown
        assert max(map(len, shown.splitlines())) <= 160, shown
    run(repository, "git", "reset", "-q", "--hard", "HEAD~1")


def test_published_weights_need_no_captions_and_are_not_trained(repository: Path) -> None:
    torch.save({"model": tiny_model().state_dict()}, repository / "mine.pth")
    mine = {
        "groupvit": asdict(TINY), "frame": {"short": 64, "long": 256, "crop": 64, "stride": 32},
        "precision": "float32", "weights": "mine.pth",
    }  # fmt: skip

    def edit(params: dict[str, Any]) -> None:
        params["models"]["mine"] = mine
        params["run"].update(name="mine", model="mine", corpora=[])

    change(repository, edit)
    assert sorted(repro(repository, "train")) == ["embed_captions", "sources", "train@mine"]
    assert find_kind(repository / "models/mine.safetensors").name == "groupvit"


def share_commands() -> list[str]:
    """The commands of the README's section on sharing: in the repository, and in a clone."""
    section = (CHECKOUT / "README.md").read_text("utf-8").split("## Share\n")[1].split("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", section, re.DOTALL)


def test_a_clone_that_pulls_has_everything_and_runs_nothing(repository: Path, tmp_path: Path) -> None:
    clone, remote = tmp_path / "clone", tmp_path / "remote"
    here, there = share_commands()
    run(repository, "bash", "-ec", here.replace("/path/or/s3://bucket", str(remote)))
    run(tmp_path, "git", "clone", "-q", str(repository), str(clone))
    try:
        done = run(clone, "bash", "-ec", there)
        assert "Running stage" not in done.stdout
        assert (clone / "results/scenes/report.html").exists()
        check_store(clone)
        for command in (["status"], ["checkout"], ["push"], ["pull"]):
            shown = run(clone, "dvc", *command)
            assert len((shown.stdout + shown.stderr).strip().splitlines()) <= 1, shown
            assert "warning" not in shown.stderr.lower()
        run(clone, "dvc", "plots", "diff")
        run(clone, "dvc", "exp", "run", "-q", "-S", "evaluate.best=per_class", "-n", "other", "report")
        run(clone, "git", "stash", "-q")
        run(clone, "dvc", "exp", "apply", "other")
    finally:
        run(repository, "git", "reset", "-q", "--hard", "HEAD~1")


def test_a_clone_without_any_cache_makes_what_is_not_in_git_and_keeps_what_is(finished: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(finished), str(clone))
    ran = repro(clone)
    assert "train@scenes_small" in ran
    assert "calibrate@scenes20" not in ran
    assert run(clone, "git", "status", "--porcelain").stdout == ""
    # The store is new, although everything that is reported is in git.
    check_store(clone)
    assert "kept" in (clone / "results/scenes/report.html").read_text("utf-8")


def test_an_experiment_on_a_folder_leaves_the_published_results_alone(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    random = np.random.default_rng(0)
    for index in range(8):
        Image.fromarray(random.integers(0, 255, (40, 50, 3), np.uint8)).save(folder / f"images/{index}.png")
        Image.fromarray(random.integers(0, 3, (40, 50)).astype(np.uint8)).save(folder / f"masks/{index}.png")
    (folder / "classes.txt").write_text("background\ncat\nsofa\n")
    changes = ["run.datasets=[folder]", f"run.folder={folder}", "studies.vocabulary.sizes=[1]"]
    options = [word for change in changes for word in ("-S", change)]
    refused = run(repository, "dvc", "exp", "run", *options, check=False)
    assert refused.returncode != 0
    assert "Give this run a name of its own, such as -S run.name=mine" in refused.stderr + refused.stdout
    done = run(repository, "dvc", "exp", "run", *options, "-S", "run.name=mine").stdout
    assert not re.findall(r"Running stage '.+@scenes", done)
    assert (repository / "results/mine/report.html").exists()
    run(repository, "git", "add", "-A")
    changed = run(repository, "git", "status", "--porcelain").stdout.splitlines()
    assert {line.split()[1] for line in changed if not line.startswith("A")} == {"dvc.lock", "params.yaml"}
    assert all(line.split()[1].startswith("results/mine/") for line in changed if line.startswith("A"))
    refused = run(repository, "groupseg", "readme", "--check", check=False)
    assert "The pages show the run 'scenes', but params.yaml says run.name=mine" in refused.stderr


def state(folder: Path) -> dict[str, bytes]:
    """The lock and the results, but for the report, which names the time."""
    files = [folder / "dvc.lock", *(folder / "results").rglob("*.*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.suffix != ".html"}


def await_end(folder: Path) -> None:
    """Waits until no program works in a folder: what a killed one has started is killed a moment later."""
    while any(process.info["cwd"] == str(folder) for process in psutil.process_iter(["cwd"])):
        time.sleep(0.02)


def mend(folder: Path, said: str) -> None:
    """Does what README says of a kill in the instant in which DVC writes a file of its own."""
    if "'.dvc/tmp/rwlock'" in said:
        (folder / ".dvc/tmp/rwlock").unlink()
    elif "dvc.lock' validation failed" in said or "dvc.lock' is invalid" in said:
        run(folder, "git", "checkout", "-q", "HEAD", "--", "dvc.lock")
    else:
        assert "ERROR" not in said, said


def test_a_run_that_was_killed_ends_as_an_undisturbed_one(repository: Path) -> None:
    def edit(params: dict[str, Any]) -> None:
        params["strategies"]["fixed"].update(threshold=0.2)
        params["strategies"]["cosine"].update(score="softmax")

    change(repository, edit)
    started = time.monotonic()
    repro(repository)
    seconds, wanted = time.monotonic() - started, state(repository)
    for kill in range(KILLS):
        run(repository, "git", "checkout", "-q", "HEAD", "--", "results", "dvc.lock")
        run(repository, "dvc", "checkout", "-q", "--force")
        process = subprocess.Popen(
            ["dvc", "repro", "--no-run-cache"], cwd=repository, env=environment(), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(seconds * (kill + 1) / (KILLS + 1))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        await_end(repository)
        mend(repository, run(repository, "dvc", "repro", check=False).stderr)
        repro(repository)
        assert state(repository) == wanted, f"killed after {seconds * (kill + 1) / (KILLS + 1):.1f} s"
        assert not [path for path in repository.rglob(".*.json.*") if ".dvc" not in path.parts]


def test_training_that_was_killed_ends_the_same(repository: Path) -> None:
    weights = repository / "models/scenes_small.safetensors"
    trained = weights.read_bytes()
    weights.unlink()
    # A group of its own, so that the training dies with DVC at once.
    process = subprocess.Popen(
        ["dvc", "repro", "--force", "--single-item", "--no-run-cache", "train"], cwd=repository, env=environment(),
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not list((repository / ".work/train").glob("*.pt")):
        assert process.poll() is None, "training ended before its first state was saved"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    await_end(repository)
    assert not weights.exists()
    finished = run(repository, "dvc", "repro", "--force", "--single-item", "--no-run-cache", "train")
    assert "Going on after step" in finished.stdout + finished.stderr
    assert weights.read_bytes() == trained


def test_other_parameters_start_anew(repository: Path) -> None:
    state = repository / ".work" / "train"
    state.mkdir(parents=True, exist_ok=True)
    (state / "0123456789abcdef.pt").write_bytes(b"the state of another training")
    change(repository, lambda params: params["models"]["scenes_small"]["training"].update(steps=3))
    done = run(repository, "dvc", "repro", "train")
    assert "Going on" not in done.stdout + done.stderr
    history = (repository / "models/scenes_small.csv").read_text().splitlines()
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

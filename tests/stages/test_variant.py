"""A model beside the one that runs: judged as the stages do, and what of it is kept."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256, write_json
from stages import calibrate, evaluate, paths, segment, train, variant
from stages.params import load_params
from tests.networks.scenes.tiny import TINY
from tests.networks.scenes.training.tiny import RECIPE
from tests.segments.test_build import CLASSES, samples
from tests.stages.small import note_code, note_model, save_captions, save_text, set_params
from tests.tables import unit, vocabulary

MODEL, VARIANT = "scenes_small", "scenes_small_seed1"
PLAIN, CROSSED = "scenes20", "scenes59"
STRATEGIES = ["fixed", "global", "per_class"]
FILE = Path(f"results/scenes/variants/{VARIANT}.json")
ALL = [*STRATEGIES, "oracle"]


def prepare(dataset: str, folds: int, seed: int = 0) -> None:
    """Prepares images of noise: a part of them to calibrate on, or all in turn."""
    random = np.random.default_rng(seed)
    drawn = [
        replace(sample, key=f"{dataset}-{row}", mask=random.permuted(sample.mask))
        for row, sample in enumerate(samples(9))
    ]
    splits = {"test": drawn} if folds else {"calib": drawn[:5], "test": drawn[5:]}
    write_samples(paths.prepared(dataset), CLASSES, True, splits, {"dataset": dataset}, folds)


@pytest.fixture(scope="module", autouse=True)
def judged(shared: Path) -> None:
    """The model that runs through all stages, and a variant of it."""
    section = {"architecture": TINY, "training": asdict(replace(RECIPE, steps=2))}
    set_params(
        {
            "run.datasets": [PLAIN, CROSSED],
            **{f"datasets.{name}.baseline": "fixed" for name in (PLAIN, CROSSED)},
            "run.corpora": ["scenes20"],
            "run.strategies": STRATEGIES,
            "run.variants": [VARIANT],
            "evaluate": {"resamples": 20, "seed": 0, "best": "global"},
            f"models.{MODEL}": section,
            f"models.{VARIANT}": {**section, "training": {**section["training"], "seed": 1}},
        }
    )
    note_code()
    note_model(MODEL)
    note_model(VARIANT)
    save_captions()
    train.main(MODEL)
    text = unit(np.random.default_rng(0).normal(size=(len(CLASSES), TINY["text_dim"])))
    for dataset, folds in {PLAIN: 0, CROSSED: 3}.items():
        prepare(dataset, folds)
        save_text(vocabulary(CLASSES, text), dataset)
        for stage in (segment, calibrate, evaluate):
            stage.main(dataset)
    variant.main(VARIANT)


def test_a_variant_leaves_weights_losses_and_figures() -> None:
    found = read_json(FILE)
    assert set(found) == {"model", "weights_sha256", "refine", "datasets"}
    assert (found["model"], found["weights_sha256"]) == (VARIANT, sha256(paths.weights(VARIANT)))
    assert found["weights_sha256"] != sha256(paths.weights(MODEL))
    assert len(paths.history(VARIANT).read_text().splitlines()) == 3
    assert list(found["datasets"]) == [PLAIN, CROSSED]
    for figures in found["datasets"].values():
        assert set(figures["strategies"]) == set(STRATEGIES)
        for figure in (*figures["strategies"].values(), figures["oracle"]["label"]):
            assert set(figure) == {"miou", "miou_ci", "key"}
            assert 0 <= figure["miou_ci"][0] <= figure["miou"] <= figure["miou_ci"][1] <= 1


def test_as_a_variant_the_model_that_runs_has_the_figures_of_the_stages(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variant.main(MODEL)
    assert f"{MODEL}: weights kept\n" in capsys.readouterr().out
    found = read_json(Path(f"results/scenes/variants/{MODEL}.json"))["datasets"]
    for dataset in (PLAIN, CROSSED):
        staged = read_json(Path(f"results/scenes/metrics/{dataset}.json"))
        for kind in ("strategies", "oracle"):
            for name, figure in found[dataset][kind].items():
                own = staged[kind][name]
                assert (figure["miou"], figure["miou_ci"]) == (own["miou"], own["miou_ci"]), name
        rungs = read_json(Path(f"results/scenes/ladder/{dataset}.json"))["rungs"]
        above = found[dataset]["ladder"]["rungs"]
        assert above[0]["name"] == "true background"
        assert above == rungs[-len(above) :]


def keys() -> dict[str, dict[str, str]]:
    """The key of each figure, by data set."""
    datasets: dict[str, Any] = read_json(FILE)["datasets"]
    return {
        dataset: {
            **{name: figure["key"] for name, figure in figures["strategies"].items()},
            "oracle": figures["oracle"]["label"]["key"],
        }
        for dataset, figures in datasets.items()
    }


@pytest.mark.parametrize(
    ("change", "plain", "crossed"),
    [
        (lambda: None, [], []),
        (lambda: set_params({"evaluate.best": "per_class"}), [], []),
        (lambda: set_params({"strategies.fixed.threshold": 0.2}), ["fixed"], ["fixed"]),
        (lambda: note_code(per_class="other"), ["per_class"], ["per_class"]),
        (lambda: note_code(segment="other"), ALL, ALL),
        (lambda: set_params({"evaluate.resamples": 30}), ALL, ALL),
        (lambda: prepare(PLAIN, 0, seed=1), ALL, []),
        (lambda: save_text(vocabulary(CLASSES, np.eye(3, 8, dtype=np.float32)), CROSSED), [], ALL),
    ],
    ids=["nothing", "best", "parameter", "code", "code of segment", "resamples", "images", "texts"],
)
def test_figures_are_made_where_their_key_has_changed_and_nowhere_else(
    copied: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[], object],
    plain: list[str],
    crossed: list[str],
) -> None:
    before, weights = keys(), sha256(paths.weights(VARIANT))
    change()
    variant.main(VARIANT)
    told, after = capsys.readouterr().out, keys()
    assert f"{VARIANT}: weights kept\n" in told
    assert sha256(paths.weights(VARIANT)) == weights
    for dataset, made in {PLAIN: plain, CROSSED: crossed}.items():
        assert {name for name in ALL if after[dataset][name] != before[dataset][name]} == set(made)
        assert f"{VARIANT} on {dataset}: {len(ALL) - len(made)} kept, {len(made)} made" in told


def test_the_report_is_to_be_made_again(copied: Path) -> None:
    assert not paths.note("report").exists()
    write_json(paths.note("report"), {})
    variant.main(VARIANT)
    assert not paths.note("report").exists()


def test_the_ladder_is_made_where_the_best_strategy_is_another(copied: Path) -> None:
    before = read_json(FILE)["datasets"][PLAIN]["ladder"]
    set_params({"strategies.fixed.threshold": 0.2})
    variant.main(VARIANT)
    assert read_json(FILE)["datasets"][PLAIN]["ladder"] == before
    set_params({"evaluate.best": "per_class"})
    variant.main(VARIANT)
    assert read_json(FILE)["datasets"][PLAIN]["ladder"]["key"] != before["key"]


def test_kept_figures_are_those_that_would_be_made(copied: Path) -> None:
    set_params({"strategies.fixed.threshold": 0.2})
    variant.main(VARIANT)
    kept = FILE.read_bytes()
    FILE.unlink()
    variant.main(VARIANT)
    assert FILE.read_bytes() == kept


def test_another_training_makes_everything_again(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = keys()
    set_params({f"models.{VARIANT}.training.steps": 3})
    variant.main(VARIANT)
    assert f"{VARIANT}: trained\n" in capsys.readouterr().out
    assert all(after[name] != before[dataset][name] for dataset, after in keys().items() for name in ALL)


def test_a_variant_that_is_refined_otherwise_takes_the_weights_over(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, masks = load_params().plain()["models"][MODEL], {MODEL: {"kind": "pamr"}, VARIANT: {"kind": "none"}}
    set_params({f"models.{VARIANT}": own, "refine": masks})
    variant.main(VARIANT)
    assert f"{VARIANT}: weights kept\n" in capsys.readouterr().out
    assert sha256(paths.weights(VARIANT)) == sha256(paths.weights(MODEL))
    staged, found = read_json(Path(f"results/scenes/metrics/{PLAIN}.json")), read_json(FILE)
    assert found["refine"] == "none"
    assert found["datasets"][PLAIN]["oracle"]["label"]["miou"] != staged["oracle"]["label"]["miou"]
    variant.main(MODEL)
    refined = read_json(Path(f"results/scenes/variants/{MODEL}.json"))
    assert refined["refine"] == "pamr, dilations 1 2 4 8 12 24, steps 10"
    assert refined["datasets"][PLAIN]["oracle"]["label"]["miou"] == staged["oracle"]["label"]["miou"]


def test_weights_of_another_training_are_not_taken_over(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_params({f"models.{name}": load_params().plain()["models"][MODEL] for name in (MODEL, VARIANT)})
    set_params({f"models.{name}.training.steps": 3 for name in (MODEL, VARIANT)})
    variant.main(VARIANT)
    assert f"{VARIANT}: trained\n" in capsys.readouterr().out
    assert sha256(paths.weights(VARIANT)) != sha256(paths.weights(MODEL))


def test_a_note_of_an_older_version_says_so(copied: Path) -> None:
    note = read_json(paths.note("variant"))
    del note["segments"]
    write_json(paths.note("variant"), note)
    with pytest.raises(UserError, match=r"variant\.json comes from an older version of the project\. Run `dvc repro`"):
        variant.main(VARIANT)
    note_code()
    variant.main(VARIANT)


@pytest.mark.parametrize("content", [b"", b'{"datasets": {', b"[]", b"{}"], ids=repr)
def test_figures_that_are_not_whole_are_made_again(copied: Path, content: bytes) -> None:
    before = FILE.read_bytes()
    FILE.write_bytes(content)
    variant.main(VARIANT)
    assert FILE.read_bytes() == before


@pytest.mark.parametrize("name", ["two_stage", "groupvit_gcc_yfcc"])
def test_what_is_no_variant_is_refused(copied: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"{name} is no variant that is ready. List it in run.variants"):
        variant.main(name)
    assert not paths.weights(name).exists()

"""The model that runs, trained without a fifth of the classes, and judged by seen and unseen ones."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groupseg.datasets import scenes
from groupseg.datasets.scenes.vocabulary import synonyms
from groupseg.datasets.shards import read_captions
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256, write_json
from groupseg.report.forms import read_result
from groupseg.report.unseen import Unseen
from groupseg.text.features import load_features
from stages import calibrate, captions, embed_captions, embed_text, evaluate, paths, prepare, segment, train, unseen
from tests.networks.scenes.tiny import TINY
from tests.networks.scenes.training.tiny import RECIPE
from tests.stages.small import note_code, note_model, set_params

MODEL, DATASET = "scenes_small", "scenes59"
STRATEGIES = ["fixed", "global"]
FILE = Path("results/scenes/unseen.json")
FOLDER = Path("data/unseen") / MODEL


def note_captions(code: str) -> None:
    """Notes the code that draws each corpus."""
    for corpus in ("scenes59", "scenes80"):
        write_json(paths.note("captions", corpus), {"stage": "captions", "name": corpus, "code": code})


@pytest.fixture(scope="module", autouse=True)
def judged(shared: Path) -> None:
    """The model that runs through all stages, and then without some classes."""
    set_params(
        {
            "run.datasets": [DATASET],
            "run.corpora": ["scenes59", "scenes80"],
            "run.strategies": STRATEGIES,
            f"datasets.{DATASET}": {
                "source": {"format": "scenes", "scenes": DATASET, "calib": 6, "test": 6, "seed": 0},
                "baseline": "fixed",
            },
            "corpora.scenes59.images": 20,
            "corpora.scenes80.images": 20,
            "text.ensemble": ["a {}."],
            "evaluate": {"resamples": 20, "seed": 0, "best": "global"},
            f"models.{MODEL}": {
                "architecture": {**TINY, "text_dim": 384},
                "training": asdict(replace(RECIPE, steps=2)),
            },
        }
    )
    note_code()
    note_model(MODEL)
    note_captions("same")
    for corpus in ("scenes59", "scenes80"):
        captions.main(corpus)
    embed_captions.main()
    train.main(MODEL)
    for stage in (prepare, embed_text, segment, calibrate, evaluate):
        stage.main(DATASET)
    unseen.main()


def test_training_reads_no_word_of_an_unseen_class() -> None:
    taken = {word for noun in scenes.unseen() for word in (noun, *synonyms(noun))}
    _, about = load_features(FOLDER / "captions.safetensors")
    assert about["nouns"]
    assert taken.isdisjoint(about["nouns"])
    for corpus in ("scenes59", "scenes80"):
        images = list(read_captions(FOLDER / "captions" / corpus))
        assert len(images) == 20
        assert all(image.caption in about["captions"] for image in images)
        words = {word for image in images for word in image.caption.replace(",", " ").split()}
        assert words.isdisjoint(part for word in taken for part in word.split())


def test_figures_are_of_seen_and_of_unseen_classes() -> None:
    found = read_result(FILE, Unseen)
    assert found["weights_sha256"] == sha256(FOLDER / "weights.safetensors") != sha256(paths.weights(MODEL))
    figures = found["datasets"][DATASET]
    assert set(figures["strategies"]) == set(STRATEGIES)
    assert figures["unseen"] == [name for name in scenes.class_names(DATASET) if name in scenes.unseen()]
    for figure in (*figures["strategies"].values(), figures["oracle"]["label"]):
        for name in ("miou", "seen", "unseen", "harmonic", "taught", "cost"):
            assert figure[f"{name}_ci"][0] <= figure[name] <= figure[f"{name}_ci"][1]
        assert figure["cost"] == pytest.approx(figure["taught"] - figure["unseen"], abs=2e-6)


def test_what_the_model_that_runs_reaches_on_unseen_classes_is_that_of_its_table() -> None:
    import pandas as pd

    table = pd.read_csv(f"results/scenes/per_class/{DATASET}.csv")
    rows = table[table["class"].isin(scenes.unseen())]
    found = read_json(FILE)["datasets"][DATASET]
    for name in STRATEGIES:
        assert found["strategies"][name]["taught"] == pytest.approx(rows[name].mean(), abs=2e-6)
    assert found["oracle"]["label"]["taught"] == pytest.approx(rows["oracle.label"].mean(), abs=2e-6)


def test_what_is_right_is_kept(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, drawn = FILE.read_bytes(), (FOLDER / "drawn.json").stat().st_mtime_ns
    unseen.main()
    said = capsys.readouterr().out
    assert "unseen classes: weights kept\n" in said
    assert f"unseen classes on {DATASET}: 3 kept, 0 made" in said
    assert FILE.read_bytes() == before
    assert (FOLDER / "drawn.json").stat().st_mtime_ns == drawn


def test_what_has_changed_is_made_again(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    set_params({"strategies.fixed.threshold": 0.2})
    unseen.main()
    assert f"unseen classes on {DATASET}: 2 kept, 1 made (fixed: new or changed)" in capsys.readouterr().out
    set_params({"evaluate.resamples": 30})
    unseen.main()
    assert f"unseen classes on {DATASET}: 0 kept, 3 made" in capsys.readouterr().out
    drawn = (FOLDER / "drawn.json").stat().st_mtime_ns
    note_captions("other")
    unseen.main()
    assert (FOLDER / "drawn.json").stat().st_mtime_ns > drawn
    assert f"unseen classes on {DATASET}: 3 kept, 0 made" in capsys.readouterr().out


def test_other_images_than_those_compared_with_are_refused(copied: Path) -> None:
    set_params({f"datasets.{DATASET}.source.seed": 1, f"datasets.{DATASET}.source.test": 5})
    prepare.main(DATASET)
    with pytest.raises(UserError, match=r"data/counts/scenes/scenes59.safetensors holds other images or strategies"):
        unseen.main()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            {"run.name": "mine", "run.datasets": ["folder"]},
            r"^datasets\.folder: classes can be left out",
        ),
        ({"run.corpora": ["coco_captions", "scenes59"]}, r"^corpora\.coco_captions: classes"),
    ],
)
def test_what_is_not_drawn_is_refused(copied: Path, change: dict[str, Any], named: str) -> None:
    set_params(change)
    with pytest.raises(UserError, match=named):
        unseen.main()


def test_counts_of_parts_add_up() -> None:
    figures = read_json(FILE)["datasets"][DATASET]["oracle"]["label"]
    seen, other = figures["seen"], figures["unseen"]
    assert figures["harmonic"] == pytest.approx(2 * seen * other / (seen + other) if seen + other else 0, abs=2e-6)
    assert not np.isnan(figures["miou"])

"""A model that scores pixels by words, from the segment stage to figures: what runs on it, and what is left out."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from groupseg.datasets.sample import Sample
from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.networks.clip.weights import save_clip
from groupseg.networks.history import write_history
from groupseg.segments.table import SegmentTable
from stages import calibrate, embed_text, evaluate, paths, report, segment, sources, studies
from stages.params import load_params
from stages.schema import Params
from tests.networks.clip import tiny
from tests.stages.small import note_code, set_params

ABOUT = tiny.about(masks="pixels", attention="sclip", scale=20.0, steps=100)
STRATEGIES = ["sclip", "own", "own_per_class", "cosine", "captions", "context", "background_vector", "prompts_sclip"]
RUN: list[str] = ["sclip", "own", "own_per_class", "cosine", "captions"]


@pytest.fixture(scope="module", autouse=True)
def done(shared: Path) -> Path:
    """A data set that is segmented, calibrated, judged and studied."""
    tiny.register(shared)
    random = np.random.default_rng(0)

    def sample(name: str) -> Sample:
        image = random.integers(0, 256, (*random.integers(20, 40, 2), 3), dtype=np.uint8)
        return Sample(name, image, random.integers(0, 3, image.shape[:2]), name)

    splits = {split: [sample(f"{split}{number}") for number in range(4)] for split in ("calib", "test")}
    write_samples(paths.prepared("scenes20"), ["cat", "dog"], True, splits, {}, 0)
    frame = {name: getattr(ABOUT.frame, name) for name in ("short", "long", "crop", "stride")}
    set_params(
        {
            "models.mine": {"clip": asdict(ABOUT.clip), "frame": frame, "precision": "float32"},
            "run.model": "mine",
            "run.corpora": [],
            "run.datasets": ["scenes20"],
            "run.strategies": STRATEGIES,
            "datasets.scenes20.baseline": "sclip",
            "datasets.scenes20.prompts": {
                "templates": ["a photo of a {}."], "names": {"cat": ["cat", "kitten"]}, "background": ["sky", "dog"],
            },
            "evaluate.best": "own",
            "evaluate.resamples": 50,
            "studies.learning": {"sizes": [2], "draws": 1, "seed": 0},
            "studies.vocabulary": {
                "sizes": [1], "absent": [2], "draws": 1, "seed": 0, "strategies": ["cosine", "normalised", "stacking"],
            },
        }
    )  # fmt: skip
    save_clip(tiny.tiny_clip().state_dict(), ABOUT, paths.weights("mine"))
    note_code()
    for stage in (embed_text, segment, calibrate, evaluate, studies):
        stage.main("scenes20")
    return shared


def test_a_table_says_what_its_scores_are() -> None:
    table = SegmentTable.load(paths.table("scenes20", "test"))
    assert table.kind == "scores"
    assert table.protocol["scores"] == (
        "one softmax over 5 words at scale 20, a class has its best word, told apart in 100 steps of probability"
    )
    assert table.embedding.shape[1] == len(table.text_mean) == 3
    assert table.background.tolist() == [[0, 0, 1]]


def test_what_needs_embeddings_is_left_out_with_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    calibrate.main("scenes20")
    assert capsys.readouterr().err == (
        "scenes20: context, background_vector, prompts_sclip left out: they need embeddings, and segments have scores\n"
    )
    assert {path.stem for path in paths.calibrations(load_params(), "scenes20").glob("*.json")} == set(RUN)


def test_all_else_is_judged_and_studied() -> None:
    metrics = read_json(Path("results/scenes/metrics/scenes20.json"))
    assert set(metrics["strategies"]) == set(RUN)
    assert metrics["baseline"] == "sclip"
    assert list(pd.read_csv("results/scenes/learning/scenes20.csv").strategy.unique()) == RUN
    varied = pd.read_csv("results/scenes/vocabulary/scenes20.csv")
    assert list(varied.strategy.unique()) == ["cosine", "normalised"]
    assert set(varied.kind) == {"others"}


def test_the_report_shows_what_ran(copied: Path) -> None:
    shutil.copy(Path(__file__).parents[2] / "dvc.yaml", copied)
    write_history([], paths.history("mine"))
    report.main()
    page = Path("results/scenes/report.html").read_text("utf-8")
    assert "data:image/svg+xml" in page
    assert all(name in page for name in RUN)


@pytest.mark.parametrize(("place", "name"), [("evaluate.best", "context"), ("datasets.scenes20.baseline", "context")])
def test_a_strategy_that_must_run_cannot_be_left_out(copied: Path, place: str, name: str) -> None:
    set_params({place: name})
    with pytest.raises(UserError, match=f"{place}: '{name}' needs embeddings, but segments of 'mine' have scores"):
        load_params()


def test_a_constant_for_scores_is_none_for_embeddings(copied: Path) -> None:
    set_params({"models.mine.clip.masks": "clusters", "evaluate.best": "cosine"})
    with pytest.raises(UserError, match=r"baseline: 'sclip' needs scores, but segments of 'mine' have embeddings"):
        load_params()


def noted(params: Params) -> dict[str, Any]:
    return sources.parameters(params.plain(), "segment", None)


def test_words_are_a_matter_of_segmenting_where_pixels_are_scored_by_them(copied: Path) -> None:
    assert noted(load_params())["datasets.scenes20.prompts"]["background"] == ["sky", "dog"]
    set_params({"run.model": "scenes_small", "run.corpora": ["scenes20"], "datasets.scenes20.baseline": "cosine"})
    set_params({"evaluate.best": "cosine", "run.name": "other"})
    assert "datasets.scenes20.prompts" not in noted(load_params())

"""Two stages without a part of how they are trained: trained as ever, judged, kept by key."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json
from groupseg.networks.scenes.training.loop import train_scene_model
from groupseg.networks.scenes.training.run import read_corpus
from groupseg.report.roles import LABEL_ORACLE
from stages import paths, two_stage
from stages.params import load_params
from stages.schema import TrainedModel
from tests.networks.scenes.tiny import TINY
from tests.networks.scenes.training.tiny import RECIPE
from tests.segments.test_build import CLASSES, samples
from tests.stages.small import note_code, note_model, save_captions, save_text, set_params
from tests.tables import unit, vocabulary

FOLDER = Path("results/scenes/two_stage")


@pytest.fixture(scope="module", autouse=True)
def ready(shared: Path) -> None:
    set_params(
        {
            "run.datasets": ["scenes20"],
            "run.corpora": ["scenes20"],
            "run.strategies": ["fixed", "global"],
            "run.variants": ["two_stage"],
            "datasets.scenes20.baseline": "fixed",
            "evaluate": {"resamples": 20, "seed": 0, "best": "fixed"},
            "models.two_stage": {
                "architecture": {**TINY, "tokens": 6, "merged": 3},
                "training": asdict(replace(RECIPE, steps=2)),
            },
        }
    )
    note_code()
    note_model("two_stage")
    save_captions()
    drawn = list(samples(9))
    write_samples(
        paths.prepared("scenes20"), CLASSES, True, {"calib": drawn[:5], "test": drawn[5:]}, {"dataset": "scenes20"}
    )
    save_text(vocabulary(CLASSES, unit(np.random.default_rng(0).normal(size=(len(CLASSES), TINY["text_dim"])))))
    two_stage.main("losses_1")


def test_a_record_says_what_was_left_out_and_what_was_reached() -> None:
    found = read_json(FOLDER / "losses_1.json")
    assert (found["without"], found["seed"], found["steps"]) == ("losses", 1, 2)
    assert found["device"] == "cpu"
    figures = found["datasets"]["scenes20"]
    assert set(figures) == {"global", "fixed", LABEL_ORACLE}
    assert 0 <= figures["fixed"] <= figures[LABEL_ORACLE] <= 1


def test_what_is_right_is_kept_and_what_is_not_is_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    path = FOLDER / "losses_1.json"
    first = read_json(path)
    two_stage.main("losses_1")
    assert capsys.readouterr().out == "losses_1: kept\n"
    write_json(path, {**first, "key": "another"})
    two_stage.main("losses_1")
    assert read_json(path) == first


def test_nothing_left_out_is_the_training_of_the_pipeline() -> None:
    params = load_params()
    model = params.models["two_stage"]
    assert isinstance(model, TrainedModel)
    own = two_stage.train("none", model, model.training, params, "a").state_dict()
    corpus = read_corpus([paths.CAPTIONS / "scenes20"], paths.CAPTION_TEXTS, model.architecture.resolution)
    other, _ = train_scene_model(model.architecture, model.training, corpus, Path("state.pt"))
    assert own.keys() == other.state_dict().keys()
    assert all(torch.equal(weight, own[name]) for name, weight in other.state_dict().items())


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(UserError, match=r"losses_7 is unknown. There are all, none_0, none_1"):
        two_stage.main("losses_7")


def test_a_model_that_is_no_variant_is_refused() -> None:
    set_params({"run.variants": []})
    with pytest.raises(UserError, match=r"two_stage is no variant that is ready\. List it in run\.variants"):
        two_stage.main("all")

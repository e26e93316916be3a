"""What comes with the package for published methods: each configuration runs, and params.yaml has the last word."""

from pathlib import Path
from typing import Any

import open_clip
import pytest

from groupseg.defaults import completed
from groupseg.io.yaml_file import read_yaml
from groupseg.networks.clip.published import PUBLISHED_RUNS
from groupseg.published.configurations import with_published
from stages.params import check_params
from stages.schema import Params

FILE = Path(__file__).parents[2] / "params.yaml"
# The strategy that holds the constants of a model on a data set; None: it has none.
RUNS: dict[str, dict[str, str | None]] = {
    "sclip_voc": {"voc_sclip": "sclip"},
    "sclip_context": {"context_sclip": "sclip"},
    "sclip_coco_object": {"coco_object_sclip": "sclip"},
    "clearclip": {
        "voc_clearclip": "clearclip_voc",
        "context_clearclip": "clearclip_context",
        "coco_object_clearclip": "clearclip_coco",
    },
    "naclip_voc": {"voc_sclip": "naclip"},
    "naclip": {"context_sclip": "naclip", "coco_object_sclip": "naclip"},
    "tcl": dict.fromkeys(("voc_tcl", "context_tcl", "coco_object_tcl"), "tcl"),
    "maskclip": {"voc_sclip": None, "context_sclip": None, "coco_object_sclip": None},
}


def chosen(**run: Any) -> Params:
    data = read_yaml(FILE)
    data["evaluate"]["best"] = "own"
    data["run"] |= {"name": "published", "corpora": [], **run}
    return check_params(data, FILE)


def test_every_model_and_data_set_is_tried() -> None:
    added = with_published({"models": {}, "datasets": {}, "strategies": {}})
    assert set(added["models"]) == set(RUNS)
    assert set(added["datasets"]) == {name for datasets in RUNS.values() for name in datasets}
    named = {name for datasets in RUNS.values() for name in datasets.values() if name}
    assert set(added["strategies"]) == {*named, "tcl_pamr"}


@pytest.mark.parametrize("model", RUNS)
def test_a_configuration_runs_by_its_names(model: str) -> None:
    params = chosen(model=model, datasets=list(RUNS[model]))
    assert params.segments == "scores"
    assert params.needs.models[model] == ["clip_vit_b16"]
    for dataset, constants in RUNS[model].items():
        source = params.datasets[dataset].source
        same = {"voc": "voc", "context": "context", "coco_object": "coco_object"}[source.format]
        assert source == params.datasets[same].source
        assert params.needs.datasets[dataset] == params.needs.datasets[same]
        assert constants is None or constants in params.run.strategies
    own = params.models[model]
    scale, frame = PUBLISHED_RUNS[own.clip.attention]
    assert own.frame == frame or model in ("naclip_voc", "tcl")
    assert own.clip.scale == scale or own.clip.attention == "sclip" or model == "tcl"


def test_all_strategies_are_those_that_fit_the_segments() -> None:
    constants = {name for datasets in RUNS.values() for name in datasets.values() if name} | {"tcl_pamr"}
    pixels = set(chosen(model="sclip_voc", datasets=["voc_sclip"]).run.strategies)
    clusters = set(check_params(read_yaml(FILE), FILE).run.strategies)
    assert pixels - clusters == {*constants, "own", "own_per_class"}
    assert clusters < pixels


def test_templates_that_go_by_name_are_those_of_clip() -> None:
    eighty = [template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES]
    found = completed({"datasets": {"mine": {"prompts": {"templates": ["a {}.", "imagenet"]}}}})["datasets"]
    assert found["mine"]["prompts"]["templates"] == ["a {}.", *eighty]
    assert found["voc_sclip"]["prompts"]["templates"] == eighty


def test_what_a_file_says_counts_down_to_single_settings() -> None:
    given = {"models": {"sclip_voc": {"clip": {"area": 0.2}}, "naclip": 1, "mine": {"groupvit": {}}}, "refine": None}
    found = with_published(given)
    assert found["models"]["sclip_voc"]["clip"] == {
        "attention": "sclip", "scale": 65.0, "masks": "pixels", "area": 0.2,
    }  # fmt: skip
    assert found["models"]["naclip"] == 1
    assert found["models"]["mine"] == {"groupvit": {}}
    assert found.keys() == {"models", "refine"}
    assert found["refine"] is None
    assert with_published({"models": {}})["models"]["sclip_voc"]["clip"]["area"] == 0.1

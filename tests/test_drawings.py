"""When it is said that the model has seen drawings only."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides

from groupseg.drawings import knows_drawings_alone, told
from groupseg.io.yaml_file import read_yaml
from stages.params import check_params

SHIPPED = Path(__file__).parents[1] / "params.yaml"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ({}, False),
        ({"datasets": ["voc"]}, True),
        ({"datasets": ["scenes20", "folder"]}, True),
        ({"datasets": ["voc"], "corpora": ["coco_captions"]}, False),
        ({"datasets": ["voc"], "corpora": ["scenes20", "webdataset"]}, False),
        ({"datasets": ["voc"], "model": "groupvit_gcc_yfcc", "corpora": []}, False),
        ({"datasets": ["voc"], "model": "groupvit_s"}, False),
    ],
)
def test_it_is_said_of_photographs_alone(run: dict[str, Any], said: bool) -> None:
    params = read_yaml(SHIPPED)
    params["run"].update(run)
    assert bool(told(params)) == said


def test_the_command_that_is_named_runs_published_weights(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    params = read_yaml(SHIPPED)
    params["run"]["datasets"] = ["voc"]
    command = shlex.split(told(params).partition("fetched once: ")[2])
    assert command[:3] == ["dvc", "exp", "run"]
    path.write_text(SHIPPED.read_text("utf-8"), "utf-8")
    apply_overrides(path, [*command[4::2], "run.datasets=[voc]"])
    assert check_params(read_yaml(path), path).run.name == "scenes_groupvit"
    assert not told(read_yaml(path))


@pytest.mark.parametrize(
    "params", [{}, {"run": None}, {"run": {"model": 1, "corpora": 3}}, {"run": {"datasets": None}}]
)
def test_sections_that_are_none_say_nothing(params: dict[str, Any]) -> None:
    assert not knows_drawings_alone(params)
    assert told(params) == ""

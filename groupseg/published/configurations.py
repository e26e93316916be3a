"""The sections of params.yaml that come with the package: published methods as their code runs them."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

from groupseg.io.yaml_file import parse_yaml

# The name that stands for CLIP's 80 templates for ImageNet.
IMAGENET = "imagenet"


def with_published(params: Mapping[str, Any]) -> dict[str, Any]:
    """Adds what the published methods define, such as `models.sclip_voc`, to the sections that are there.

    Args:
        params: What params.yaml holds. Where it has a key too, its value counts.
    """
    known = {name: section for name, section in _published().items() if isinstance(params.get(name), Mapping)}
    return {**params, **{name: _laid_over(params[name], deepcopy(section)) for name, section in known.items()}}


def sentences(templates: Any) -> Any:
    """Returns templates; where "imagenet" is among them, the 80 of CLIP in its place."""
    if not isinstance(templates, list) or IMAGENET not in templates:
        return templates
    return [text for template in templates for text in (_imagenet() if template == IMAGENET else [template])]


@cache
def _published() -> dict[str, dict[str, Any]]:
    """Reads all files of the package, and puts their sections together."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(files("groupseg.published").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            for name, section in parse_yaml(file.read_text(encoding="utf-8"), file.name).items():
                found.setdefault(name, {}).update(section)
    return found


@cache
def _imagenet() -> tuple[str, ...]:
    return tuple((files("groupseg.published") / "imagenet.txt").read_text(encoding="utf-8").splitlines())


def _laid_over(given: Any, default: Any) -> Any:
    """Returns a section with the keys of a default that it does not have, down to single settings."""
    if not isinstance(given, Mapping) or not isinstance(default, Mapping):
        return given
    merged = {key: _laid_over(value, default[key]) if key in default else value for key, value in given.items()}
    return {**merged, **{key: value for key, value in default.items() if key not in given}}

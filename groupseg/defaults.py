"""What sections of params.yaml may leave out, filled in."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import PurePosixPath
from typing import Any

from groupseg.networks.registry import complete, segments_of
from groupseg.published.configurations import sentences, with_published
from groupseg.strategies.registry import STRATEGIES

PROMPTS: dict[str, Any] = {"templates": ["a photo of a {}."], "names": {}}
BASELINE = "fixed"
# The archives of each published layout, and those of weights by the name of a CLIP model in open_clip; other models are
# called like their archives.
LAYOUTS = {
    "voc": ["voc2012"],
    "context": ["voc2010", "context_annotations"],
    "coco_object": ["coco_val2017", "coco_stuffthingmaps"],
    "coco_object_instances": ["coco_val2017", "coco_annotations"],
    "coco_stuff": ["coco_val2017", "coco_stuffthingmaps"],
    "ade20k": ["ade20k"],
}
WEIGHTS = {"ViT-B-16-quickgelu": "clip_vit_b16"}
ENSEMBLE = [
    "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.",
    "art of the {}.", "a photo of the small {}.", "a photo of a {}.",
]  # fmt: skip
VOCABULARY = {"sizes": [5, 10, 20, 40, 80], "absent": [10, 20, 40, 80]}


def completed(params: Any) -> Any:
    """Fills in what sections leave out.

    Args:
        params: What params.yaml holds. What has another form than it should is left as it is.
    """
    if not isinstance(params, Mapping):
        return params
    params = with_published(params)
    entries = {"datasets": _data_set, "models": complete, "strategies": _strategy, "archives": _archive}
    filled = {name: _each(section, entries.get(name)) for name, section in params.items()}
    whole = {"run": _run, "text": _text, "studies": _studies, "needs": _needs}
    present = {name: fill for name, fill in whole.items() if isinstance(filled.get(name), Mapping)}
    return {**filled, **{name: fill(filled[name], filled) for name, fill in present.items()}}


def _each(section: Any, fill: Any) -> Any:
    if fill is None or not isinstance(section, Mapping):
        return section
    return {key: fill(entry) if isinstance(entry, Mapping) else entry for key, entry in section.items()}


def _data_set(given: Mapping[str, Any]) -> dict[str, Any]:
    """The classes under their own names, in the sentence of CLIP; gaps are measured from the first constant.

    Where a list of templates goes by name, they take its place.
    """
    filled = {"prompts": PROMPTS, "baseline": BASELINE, **given}
    if isinstance(prompts := filled["prompts"], Mapping):
        filled["prompts"] = {**PROMPTS, **prompts, "templates": sentences({**PROMPTS, **prompts}["templates"])}
    return filled


def _strategy(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the rule has by default, behind those that are given."""
    kind: Any = STRATEGIES.get(str(given.get("rule")))
    defaults = {entry.name: entry.default for entry in fields(kind) if entry.init} if kind else {}
    return {**given, **{key: value for key, value in defaults.items() if key not in given and value is not MISSING}}


def _archive(given: Mapping[str, Any]) -> dict[str, Any]:
    """The name of the file, which is that in the first of its addresses."""
    urls = given.get("urls")
    if "file" in given or not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        return dict(given)
    return {"file": PurePosixPath(urls[0]).name, **given}


def _run(given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """All strategies by name, without some and without those for scores where segments have none."""
    defined, without = params.get("strategies"), given.get("without", [])
    if given.get("strategies") != "all" or not isinstance(defined, Mapping) or not isinstance(without, list):
        return dict(given)
    left_out = [] if _scores(given, params) else [name for name in defined if _of_scores(defined[name])]
    return {**given, "strategies": [name for name in defined if name not in (*without, *left_out)]}


def _scores(run: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Whether the segments of the model that runs have scores."""
    return segments_of(_section(_section(params, "models"), str(run.get("model")))) == "scores"


def _of_scores(strategy: Any) -> bool:
    return isinstance(strategy, Mapping) and strategy.get("score") == "probability"


def _text(given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The templates that CLIP's authors chose from their 80, and the bare name."""
    return {**given, "ensemble": given.get("ensemble", ENSEMBLE)}


def _studies(given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes of class lists."""
    known = given.get("vocabulary")
    return {**given, "vocabulary": {**VOCABULARY, **known}} if isinstance(known, Mapping) else dict(given)


def _needs(given: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The archives of data sets and models, as far as they are defined; what is given takes their place."""
    archives, found = _section(params, "archives"), dict(given)
    for kind, needed in (("datasets", _layout), ("models", _weights)):
        sections = {name: entry for name, entry in _section(params, kind).items() if isinstance(entry, Mapping)}
        default = {name: needed(name, entry) for name, entry in sections.items()}
        defined = {name: files for name, files in default.items() if files and archives.keys() >= set(files)}
        if isinstance(known := given.get(kind, {}), Mapping):
            found[kind] = {**defined, **known}
    return found


def _layout(name: str, data_set: Mapping[str, Any]) -> list[str]:
    source = _section(data_set, "source")
    return [] if source.get("path") else LAYOUTS.get(str(source.get("format")), [])


def _weights(name: str, model: Mapping[str, Any]) -> list[str]:
    if model.get("training") or model.get("weights"):
        return []
    return [WEIGHTS.get(str(_section(model, "clip").get("name")), name)]


def _section(params: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = params.get(name)
    return section if isinstance(section, Mapping) else {}

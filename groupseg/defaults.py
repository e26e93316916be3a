"""What sections of params.yaml may leave out, filled in."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import PurePosixPath
from typing import Any

from groupseg.networks import complete
from groupseg.strategies.registry import STRATEGIES

PROMPTS: dict[str, Any] = {"templates": ["a photo of a {}."], "names": {}}
BASELINE = "fixed"


def completed(params: Any) -> Any:
    """Fills in what data sets, models, strategies and archives leave out.

    Args:
        params: What params.yaml holds. What has another form than it should is left as it is.
    """
    if not isinstance(params, Mapping):
        return params
    return {name: _filled(name, section) for name, section in params.items()}


def _filled(name: Any, section: Any) -> Any:
    fill = {"datasets": _data_set, "models": complete, "strategies": _strategy, "archives": _archive}.get(name)
    if fill is None or not isinstance(section, Mapping):
        return section
    return {key: fill(entry) if isinstance(entry, Mapping) else entry for key, entry in section.items()}


def _data_set(given: Mapping[str, Any]) -> dict[str, Any]:
    """The classes under their own names, in the sentence of CLIP; gaps are measured from the first constant."""
    filled = {"prompts": PROMPTS, "baseline": BASELINE, **given}
    if isinstance(prompts := filled["prompts"], Mapping):
        filled["prompts"] = {**PROMPTS, **prompts}
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

"""The model that comes with the package has seen drawings alone: when that matters, and what to run instead."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

# Published weights that photographs can be measured with.
_INSTEAD = {"run.model": "groupvit_gcc_yfcc", "run.corpora": "[]"}

# What Hydra takes for text without quotes; letters with accents are none to it.
_PLAIN = re.compile(r"(?!(?:true|false|null|nan|inf)$)[a-z_/][a-z0-9_./-]*", re.IGNORECASE | re.ASCII)
_LISTS = frozenset({"run.datasets", "run.corpora", "run.strategies"})


def knows_drawings_alone(params: Mapping[str, Any]) -> bool:
    """Whether the model that runs is trained here, on no corpus but scenes.

    Args:
        params: What params.yaml holds; sections that are none count as empty.
    """
    model = _entry(params, "models", _entry(params, "run", "model"))
    corpora = _entry(params, "run", "corpora")
    if not isinstance(model, Mapping) or "architecture" not in model or not isinstance(corpora, list | tuple):
        return False
    formats = {_entry(params, "corpora", name, "format") for name in corpora}
    return bool(corpora) and formats <= {None, "scenes"}


def told(params: Mapping[str, Any]) -> str:
    """Says that the run measures photographs by a model that knows drawings alone; empty where it does not."""
    names = _entry(params, "run", "datasets")
    found = (
        [name for name in names if _entry(params, "datasets", name, "source", "format") != "scenes"] if names else []
    )
    if not found or not knows_drawings_alone(params):
        return ""
    settings = {"run.name": f"{_entry(params, 'run', 'name')}_groupvit", **_INSTEAD}
    return f"{', '.join(found)}: {drawings_sentence(_entry(params, 'run', 'model'), settings)}"


def drawings_sentence(model: str, settings: Mapping[str, str]) -> str:
    """Says what figures of a model are worth on photographs, and the command that takes published weights instead.

    Args:
        model: What it is called.
        settings: What else the command sets, by the names in params.yaml.
    """
    command = " ".join(["dvc exp run", *(setting(key, value) for key, value in {**settings, **_INSTEAD}.items())])
    return (
        f"the model {model} has seen drawings only, and what it says of photographs means nothing. With published"
        f" weights, which are fetched once: {command}"
    )


def setting(key: str, value: str) -> str:
    """Writes a parameter for `dvc exp run`, in the grammar of Hydra, for a shell."""
    if key not in _LISTS and not _PLAIN.fullmatch(value):
        # A backslash is one, but before a quote.
        escaped = re.sub(r"(\\*)('|$)", lambda match: 2 * match[1] + ("\\'" if match[2] else ""), value)
        value = f"'{escaped}'"
    return f"-S {shlex.quote(f'{key}={value}')}"


def _entry(section: Any, *keys: Any) -> Any:
    """Returns what lies under some keys; None where one is missing."""
    for key in keys:
        section = section.get(key) if isinstance(section, Mapping) and isinstance(key, str) else None
    return section

"""What is wrong with params.yaml, in words: one line a fault, with its place and the name that was meant."""

from collections.abc import Sequence
from dataclasses import is_dataclass
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails

# Of a wrong value, how many characters are shown.
_SHOWN = 80


def describe_fault(schema: type[BaseModel], details: ErrorDetails) -> str:
    """Says what is wrong where, in one line."""
    place, known = _place(schema, details["loc"])
    value, kind = details["input"], details["type"]
    if kind == "missing":
        return f"{place}: is missing"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{place}: unknown key{suggestion(str(details['loc'][-1]), known)}"
    context = details.get("ctx", {})
    if kind.startswith("union_tag"):
        name = context["discriminator"].strip("'")
        choices = ", ".join(known)
        if name.endswith("()"):  # told apart by their keys
            return f"{place}: must hold one of the keys {choices}"
        if kind == "union_tag_not_found":
            return f"{place}.{name}: is missing; must be one of {choices}"
        return f"{place}.{name}: must be one of {choices}; got {context['tag']!r}"
    if "error" in context and not isinstance(value, str | int | float):
        return f"{place}: {context['error']}"  # of a section, which says itself what it got
    message = str(context.get("error", details["msg"]))
    for subject in ("Input", "String", "List"):
        message = message.replace(f"{subject} should", "must")
    # The whole file, where that is no section, has no place.
    return f"{place}: {message}; got {_short(value)}".removeprefix(": ")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def suggestion(name: str, known: Sequence[str]) -> str:
    """Ends a sentence on an unknown name with the one that was probably meant, else with all there are."""
    if close := get_close_matches(name, known, n=1):
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join(known)}" if known else ""


def _place(schema: type[BaseModel], location: Sequence[int | str]) -> tuple[str, list[str]]:
    """Follows an error into the schema.

    Returns:
        The dotted path as it stands in the file: pydantic puts the tags of unions between the keys. And the
        keys known beside its last one; for an error of a tag, the tags.
    """
    kind: Any = schema
    path: list[str] = []
    known: list[str] = []
    for part in location:
        if part == "[key]":  # the fault is in a key itself, which is the last of the path already
            continue
        kind = _bare(kind)
        if get_origin(kind) in (Union, UnionType):
            kind = next((member for member in get_args(kind) if part in _tags(member)), Any)
            continue
        known = list(_keys(kind))
        path.append(str(part))
        kind = _keys(kind).get(str(part)) or (get_args(kind) or (Any,))[-1]
    kind = _bare(kind)
    if get_origin(kind) in (Union, UnionType):
        known = [tag for member in get_args(kind) for tag in _tags(member)]
    return ".".join(path), known


def _bare(kind: Any) -> Any:
    """Takes off what pydantic does not show in the place of an error: annotations, and that it may be None."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        members = [member for member in get_args(kind) if member is not NoneType]
        return _bare(members[0]) if len(members) == 1 else kind
    return kind


def _keys(kind: Any) -> dict[str, Any]:
    """Returns the keys of a section with their types; empty for what is no section."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return get_type_hints(kind, include_extras=True)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {name: hints[name] for name, field in kind.__dataclass_fields__.items() if field.init}
    return {}


def _tags(member: Any) -> tuple[str, ...]:
    """Returns what marks a member of a union: its tag, else the values of its `format`, `rule` or `kind`."""
    if tags := tuple(mark.tag for mark in get_args(member)[1:] if isinstance(mark, Tag)):
        return tags
    keys = _keys(member)
    return get_args(keys.get("format") or keys.get("rule") or keys.get("kind"))

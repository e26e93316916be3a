"""Writing a section into params.yaml, of which everything else stays as it is, byte for byte."""

import io
import json
import os
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from groupseg.datasets.texts import is_text
from groupseg.errors import UserError, printable
from groupseg.io.files import atomic_path
from groupseg.io.yaml_file import parse_yaml, read_yaml_text

# An edit: from where to where in the text, and what comes there.
Edit = tuple[int, int, str]


def data_set_name(path: Path, given: str = "") -> str:
    """Returns the name that is given to a data set, or makes one of that of its folder: letters, digits, `_` and `-`.

    Where YAML would read the name of the folder as a number, a date or the like, `data_` comes before it.

    Raises:
        UserError: If the given name holds anything else or is no text in YAML, or that of the folder leaves nothing.
    """
    if given:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", given):
            raise UserError(
                f"--name: must be letters, digits, _ and -, and not begin with -, but is {given!r}. Choose another."
            )
        if not _is_text(given):
            raise UserError(f"--name: YAML reads {given!r} as no text. Choose another, such as data_{given}.")
        return given
    stem = _real(path).name.split(".")[0]
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9-]+", "_", plain.lower()).strip("_-")
    if not name:
        raise UserError(f"{path}: no name can be made of it. Give one with --name, of letters, digits, _ and -.")
    return name if _is_text(name) else f"data_{name}"


def _is_text(name: str) -> bool:
    """Whether YAML of either version, and Hydra on the command line, read a name as text: not 2021, null, 1e3 or on."""
    if re.fullmatch(r"[-+]?[\d_.]+(e[-+]?\d+)?|nan|inf", name.lower()):
        return False
    read = [YAML(typ="safe", pure=True) for _ in range(2)]
    read[1].version = (1, 1)
    try:
        return [yaml.load(name) for yaml in read] == [name, name]
    except (YAMLError, ValueError):  # the second for a date that there is not
        return False


def place(params: Path, folder: Path) -> tuple[str, str | None]:
    """Says where a data set lies, as params.yaml does.

    Args:
        params: The file.
        folder: The folder or archive of the data set.

    Returns:
        Its `source.path`, and what `run.folder` must be; None where it is so already.

    Raises:
        UserError: If the file cannot be read or has no section `run`.
    """
    if not is_text(str(_real(folder))):
        raise UserError(f"{printable(str(folder))}: the name is not UTF-8, which params.yaml is. Rename the folder.")
    below = _loaded(read_yaml_text(params), params)["run"].get("folder", ".")
    known, there = _real(params.parent / below), _real(folder)
    if there.is_relative_to(known):
        return there.relative_to(known).as_posix(), None
    project = _real(params.parent)
    return ".", there.relative_to(project).as_posix() if there.is_relative_to(project) else there.as_posix()


def _real(path: Path) -> Path:
    """Returns where a path leads; `Path.resolve` fails on a link to itself."""
    return Path(os.path.realpath(path))


def add_dataset(params: Path, name: str, section: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Adds a data set to params.yaml, after the others.

    Args:
        params: The file.
        name: The data set.
        section: What comes under its name.
        run: What is changed in `run` as well; lists and texts.

    Returns:
        Whether anything had to be written.

    Raises:
        UserError: If the file cannot be read, has another data set of that name, has nothing of what is changed in
            `run`, or is laid out so that it can only be changed by hand.
    """
    text = read_yaml_text(params)
    data = _loaded(text, params)
    top = {key.value: value for key, value in YAML(typ="safe", pure=True).compose(text).value}
    there = data["datasets"].get(name)
    if there not in (None, section):
        raise UserError(
            f"{params}: datasets.{name} is there already, and says something else. Give another name with --name, or"
            " take it out."
        )
    if lacking := [key for key in run if key not in data["run"]]:
        raise UserError(f"{params}: run.{lacking[0]} is missing. Add it.")
    edits = [] if there else [_addition(text, top["datasets"], name, section)]
    edits += [_change(top["run"], key, value) for key, value in run.items() if data["run"].get(key) != value]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    wanted = data | {"datasets": {**data["datasets"], name: section}, "run": {**data["run"], **run}}
    if not _is(text, wanted):
        raise UserError(
            f"{params}: `datasets` or `run` is laid out so that it can be changed by hand alone. Put under `datasets`:"
            f" {name}: {_flow(section)}"
        )
    if edits:
        with atomic_path(params) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return bool(edits)


def _loaded(text: str, params: Path) -> dict[str, Any]:
    """Returns what the file holds."""
    data = parse_yaml(text, str(params))
    if not isinstance(data, dict) or not all(isinstance(data.get(key), dict) for key in ("datasets", "run")):
        raise UserError(f"{params} must hold sections `run` and `datasets`. Take them from the project's own.")
    return data


def _is(text: str, wanted: Any) -> bool:
    """Whether a text is YAML that says what it should."""
    try:
        return bool(YAML(typ="safe", pure=True).load(text) == wanted)
    except YAMLError:
        return False


def _addition(text: str, datasets: Node, name: str, section: Mapping[str, Any]) -> Edit:
    """Puts a data set on lines of its own, below the last one and what stands behind it on its last line."""
    column = " " * datasets.start_mark.column
    lines = [f"{name}:", *(f"  {key}: {_flow(value)}" for key, value in section.items())]
    end = text.find("\n", _end(datasets))
    end = len(text) if end < 0 else end
    return end, end, "".join(f"\n{column}{line}" for line in lines)


def _change(run: Node, key: str, value: Any) -> Edit:
    """Puts another value in the place of one of `run`."""
    node = next(found for name, found in run.value if name.value == key)
    if isinstance(node, SequenceNode) and not node.flow_style:
        between = "\n" + " " * node.start_mark.column
        return node.start_mark.index, _end(node), between.join(f"- {_flow(entry)}" for entry in value)
    return node.start_mark.index, node.end_mark.index, _flow(value)


def _end(node: Node) -> int:
    """Returns where the content of a node ends; the mark of a block comes after the comments below it."""
    if not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, MappingNode) else last)


def _flow(value: Any) -> str:
    """Writes a value on one line, as the values around it are written."""
    yaml = YAML()
    yaml.width = 2**16
    yaml.default_flow_style = True
    file = io.StringIO()
    yaml.dump(value, file)
    text = file.getvalue().removesuffix("...\n").strip()
    # ruamel writes `{path: ?x}` as YAML 1.2 allows, and reads a key in it, as DVC does. JSON has quotes around texts.
    # ruamel also fails at `{path: :0}` on a line of its own below others, which it reads where it is all there is.
    return text if _is(f"a:\n  b: {text}\n", {"a": {"b": value}}) else json.dumps(value, ensure_ascii=False)

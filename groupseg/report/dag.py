"""The graph of the pipeline, read from dvc.yaml and laid out for a drawing."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groupseg.yaml_file import read_yaml

WIDTH, HEIGHT, COLUMN, ROW = 102, 34, 121, 54


@dataclass(frozen=True)
class Node:
    """A stage in the drawing.

    Attributes:
        name: Name of the stage.
        each: What it runs once for each of, such as "datasets"; empty for a single stage.
        x: Left edge, in units of the drawing.
        y: Upper edge.
    """

    name: str
    each: str
    x: float
    y: float


@dataclass(frozen=True)
class Graph:
    """A drawing of the stages.

    Attributes:
        nodes: The stages, one box for all that `foreach` or `matrix` makes of one.
        edges: Pairs of nodes, the first makes what the second reads; what follows from others is left out.
        width: Width of the drawing.
        height: Height of the drawing.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[Node, Node], ...]
    width: float
    height: float


def read_graph(path: Path, params: Mapping[str, Any]) -> Graph:
    """Lays out the stages of a dvc.yaml from left to right.

    Args:
        path: The dvc.yaml.
        params: What params.yaml holds, for the paths that name a parameter.

    Raises:
        UserError: If the file is missing or no YAML.
    """
    stages: dict[str, Any] = read_yaml(path)["stages"]
    parents = _reduced(_parents({name: stage.get("do", stage) for name, stage in stages.items()}, params))
    places = _places(parents)
    rows = max((row for _, row in places.values()), default=0.0)
    nodes = {
        name: Node(name, _each(stages[name]), column * COLUMN, row * ROW) for name, (column, row) in places.items()
    }
    edges = tuple((nodes[parent], nodes[name]) for name in nodes for parent in sorted(parents[name]))
    columns = max((column for column, _ in places.values()), default=0)
    return Graph(tuple(nodes.values()), edges, columns * COLUMN + WIDTH, rows * ROW + HEIGHT)


def _parents(stages: Mapping[str, Mapping[str, Any]], params: Mapping[str, Any]) -> dict[str, set[str]]:
    """Finds for each stage those that make what it reads."""
    outs = {name: [_path(out, params) for out in stage.get("outs", [])] for name, stage in stages.items()}
    parents: dict[str, set[str]] = {}
    for name, stage in stages.items():
        parents[name] = set()
        for dep in (_path(entry, params) for entry in stage.get("deps", [])):
            makers = {maker: max(_match(dep, out) for out in paths) for maker, paths in outs.items() if paths}
            # A file made by name is not also one of those that a template could make.
            best = max(makers.values(), default=0)
            parents[name] |= {maker for maker, match in makers.items() if match == best > 0}
        parents[name] -= {name}
    return parents


def _path(entry: str | Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """Path of an entry of deps or outs: parameters filled in, what runs over a list replaced by a star."""

    def value(match: re.Match[str]) -> str:
        found: Any = params
        for key in match[1].split("."):
            found = found.get(key, {})
        return found if isinstance(found, str) else "*"

    return re.sub(r"\$\{([^}]*)\}", value, entry if isinstance(entry, str) else next(iter(entry)))


def _match(one: str, other: str) -> int:
    """Says how one path lies in the other: 0 = not at all, 1 = with a star for a name, 2 = to the letter."""
    exact = True
    for left, right in zip(one.strip("/").split("/"), other.strip("/").split("/"), strict=False):
        if left != right:
            exact = False
            if not (_fits(left, right) or _fits(right, left)):
                return 0
    return 2 if exact else 1


def _fits(name: str, template: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, template.split("*"))), name) is not None


def _reduced(parents: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Leaves out the parents that are ancestors of another parent."""

    def ancestors(name: str) -> set[str]:
        return parents[name].union(*(ancestors(parent) for parent in parents[name]))

    return {name: own - set().union(*(ancestors(parent) for parent in own)) for name, own in parents.items()}


def _places(parents: Mapping[str, set[str]]) -> dict[str, tuple[int, float]]:
    """Gives each stage a column, one right of its last parent, and a row, near the rows of its parents."""
    children = {name: [child for child, own in parents.items() if name in own] for name in parents}

    def depth(name: str) -> int:
        return max((1 + depth(parent) for parent in parents[name]), default=0)

    columns = {name: depth(name) for name in parents}
    for name in sorted(columns, key=lambda name: -columns[name]):
        # A stage that only a late one needs stands just before it, so that no line runs through other boxes.
        columns[name] = min((columns[child] - 1 for child in children[name]), default=columns[name])
    places: dict[str, tuple[int, float]] = {}
    for column in range(max(columns.values(), default=-1) + 1):
        rows = {name: [places[parent][1] for parent in own] for name, own in parents.items() if columns[name] == column}
        # Half rows, so that two parents can meet in the middle; what has no parent comes below all that has.
        wishes = {name: round(2 * sum(own) / len(own)) / 2 if own else math.inf for name, own in rows.items()}
        row = -1.0
        for name in sorted(wishes, key=lambda name: wishes[name]):
            row = max(row + 1, wishes[name]) if rows[name] else row + 1
            places[name] = (column, row)
    return places


def _each(stage: Mapping[str, Any]) -> str:
    """Says what a stage runs once for each of: the variables of its matrix, or the list of its foreach."""
    if "matrix" in stage:
        return " \N{MULTIPLICATION SIGN} ".join(stage["matrix"])
    each = stage.get("foreach", "")
    if isinstance(each, str):
        return each.strip("${}").rpartition(".")[2]
    return "" if len(each) == 1 else f"{len(each)} times"

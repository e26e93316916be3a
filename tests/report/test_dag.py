from pathlib import Path

import networkx
import pytest
from dvc.repo import Repo

from groupseg.errors import UserError
from groupseg.report.dag import COLUMN, HEIGHT, WIDTH, Graph, read_graph
from groupseg.report.results import read_yaml
from tests.results import REPOSITORY


@pytest.fixture
def shipped() -> Graph:
    return read_graph(REPOSITORY / "dvc.yaml", read_yaml(REPOSITORY / "params.yaml"))


def names(graph: Graph) -> set[tuple[str, str]]:
    return {(parent.name, child.name) for parent, child in graph.edges}


def test_arrows_are_those_of_dvc_less_what_follows_from_others(shipped: Graph) -> None:
    with Repo(str(REPOSITORY)) as repo:
        # DVC's lead from a stage to what it depends on.
        edges = {tuple(stage.addressing.split("@")[0] for stage in edge)[::-1] for edge in repo.index.graph.edges}
    assert names(shipped) == set(networkx.transitive_reduction(networkx.DiGraph(edges)).edges)


def test_a_templated_stage_is_one_box(shipped: Graph) -> None:
    each = {node.name: node.each for node in shipped.nodes}
    assert (each["prepare"], each["captions"], each["train"], each["report"]) == ("datasets", "corpora", "", "")


def test_boxes_stand_right_of_what_they_read_and_never_on_each_other(shipped: Graph) -> None:
    assert all(parent.x + COLUMN <= child.x for parent, child in shipped.edges)
    for one in shipped.nodes:
        assert 0 <= one.x <= shipped.width - WIDTH
        assert 0 <= one.y <= shipped.height - HEIGHT
        for other in shipped.nodes:
            assert one is other or one.x != other.x or abs(one.y - other.y) > HEIGHT


def test_a_file_made_by_name_is_not_that_of_a_template(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(
        """
        stages:
          each: {foreach: "${run.names}", do: {cmd: a, outs: ["out/${item}.txt"]}}
          one: {cmd: b, outs: [out/one.txt: {cache: false}]}
          reads_one: {cmd: c, deps: [out/one.txt]}
          reads_all: {cmd: d, deps: [out], outs: ["${run.folder}/all"]}
          reads_by_name: {cmd: e, deps: ["${run.folder}/all"]}
        """,
        encoding="utf-8",
    )
    graph = read_graph(tmp_path / "dvc.yaml", {"run": {"names": ["x"], "folder": "data"}})
    assert names(graph) == {
        ("one", "reads_one"),
        ("one", "reads_all"),
        ("each", "reads_all"),
        ("reads_all", "reads_by_name"),
    }


def test_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dvc\.yaml is missing"):
        read_graph(tmp_path / "dvc.yaml", {})

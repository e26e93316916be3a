"""Kinds of networks: what a section leaves out, and a network of one's own beside those there are."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from groupseg.networks.base import Kind, Precision
from groupseg.networks.convert import convert_weights
from groupseg.networks.frame import Square, Windows
from groupseg.networks.protocol import Network
from groupseg.networks.registry import NETWORKS, complete, find_kind, load_network, load_text_tower
from groupseg.networks.scenes.network import SceneNetwork
from stages.schema import PublishedModel, section_of
from tests.networks.scenes.tiny import tiny_model

FRAME = Windows(short=64, long=256, crop=64, stride=32)


@dataclass(frozen=True, kw_only=True)
class Mine:
    """The shape of a network of one's own."""

    width: int
    depth: int = 2


class MineKind(Kind):
    """Loads as the small network, whatever its file holds."""

    name = "mine"
    section: ClassVar[dict[str, Any]] = {"mine": Mine(width=8), "frame": FRAME, "precision": "float32"}

    def load(self, path: str | Path) -> Network:
        return SceneNetwork(tiny_model())

    def convert(self, source: Path, out: Path, settings: Mine, frame: Windows, precision: Precision) -> None:
        save_file(load_file(source), out, {"mine": f"{settings.width} {frame.short} {precision}"})


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Kind:
    """A network of one's own, in the registry."""
    monkeypatch.setitem(NETWORKS, "mine", MineKind())
    return NETWORKS["mine"]


def test_a_network_of_ones_own_is_converted_known_and_loaded_by_its_entry(mine: Kind, tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "source.safetensors")
    out = tmp_path / "model.safetensors"
    convert_weights(tmp_path / "source.safetensors", out, Mine(width=4), FRAME, "bfloat16")
    assert find_kind(out) is mine
    assert load_network(out).frame == Square(tiny_model().architecture.resolution)
    assert load_text_tower(out) is None
    network = load_network(out)
    assert mine.graph(network) is network


def test_its_section_of_the_parameters_follows_from_its_entry(mine: Kind) -> None:
    sections: TypeAdapter[PublishedModel] = TypeAdapter(section_of(mine))
    model = sections.validate_json(json.dumps(complete({"mine": {"depth": 3}, "frame": {"stride": 64}})))
    assert model.mine == Mine(width=8, depth=3)  # type: ignore[attr-defined]
    assert model.frame == Windows(short=64, long=256, crop=64, stride=64)
    assert (model.precision, model.weights) == ("float32", None)


def test_a_network_without_published_weights_is_not_converted() -> None:
    kind = NETWORKS["architecture"]
    with pytest.raises(TypeError, match="architecture is trained here, and has no published weights"):
        kind.convert(Path("a"), Path("b"), kind.settings, FRAME, "float32")


@pytest.mark.parametrize("name", NETWORKS)
@given(data=st.data())
def test_whatever_a_section_leaves_out_is_filled_in_and_nothing_else(name: str, data: st.DataObject) -> None:
    kind = NETWORKS[name]
    whole = kind.complete({name: {}})
    left: dict[str, Any] = {
        key: {part: value[part] for part in data.draw(st.sets(st.sampled_from(sorted(value))))}
        if isinstance(value, dict)
        else value
        for key, value in whole.items()
    }
    kept = {key: left[key] for key in {name} | data.draw(st.sets(st.sampled_from(sorted(whole))))}
    assert complete(kept) == whole
    assert complete({**kept, "weights": "a"}) == {**whole, "weights": "a"}
    assert complete({key: value for key, value in kept.items() if key != name}) == {
        key: value for key, value in kept.items() if key != name
    }

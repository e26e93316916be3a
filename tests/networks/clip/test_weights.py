"""Every published layout of the weights gives the same model; what does not fit is said in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from groupseg.errors import UserError
from groupseg.networks.clip.weights import convert, empty_clip, load_text, load_visual, save_clip
from tests.networks.clip.tiny import CONFIG, NAME, about, register, tiny_clip


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return tiny_clip().state_dict()


@pytest.fixture
def saved(state: dict[str, Tensor], tmp_path: Path) -> Path:
    save_clip(state, about(), tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


class Archive(nn.Module):
    """A module with the tensors of a state dict, which TorchScript can save as OpenAI has."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        for name, tensor in state.items():
            *parents, last = name.split(".")
            place: nn.Module = self
            for parent in parents:
                if not hasattr(place, parent):
                    place.add_module(parent, nn.Module())
                place = place.get_submodule(parent)
            place.register_buffer(last, tensor)

    def forward(self, x: Tensor) -> Tensor:
        return x


def as_archive(state: dict[str, Tensor], path: Path) -> None:
    extra = {"input_resolution": torch.tensor(32), "context_length": torch.tensor(24), "vocab_size": torch.tensor(9)}
    torch.jit.save(torch.jit.script(Archive({**state, **extra})), path)


WRITERS: dict[str, Callable[[dict[str, Tensor], Path], None]] = {
    "safetensors": lambda state, path: save_file(state, path),
    "state dict": lambda state, path: torch.save(state, path),
    "checkpoint of a training": lambda state, path: torch.save(
        {"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, path
    ),
    "archive of OpenAI": as_archive,
    "file of ours": lambda state, path: save_clip(state, about(), path),
}


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
@pytest.mark.parametrize("layout", list(WRITERS))
def test_every_layout_gives_the_same_state(state: dict[str, Tensor], layout: str, tmp_path: Path) -> None:
    WRITERS[layout](state, tmp_path / "weights")
    found = convert(tmp_path / "weights", NAME)
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert torch.equal(found[name], tensor), name


def test_half_precision_becomes_single(state: dict[str, Tensor], tmp_path: Path) -> None:
    save_file({name: tensor.half() for name, tensor in state.items()}, tmp_path / "half")
    found = convert(tmp_path / "half", NAME)
    assert all(torch.equal(found[name], tensor.half().float()) for name, tensor in state.items())


def test_round_trip(saved: Path, state: dict[str, Tensor]) -> None:
    (visual, scale, found), (text, again) = load_visual(saved), load_text(saved)
    assert found == again == about()
    assert scale == pytest.approx(state["logit_scale"].exp().item())
    halves = {f"visual.{name}": tensor for name, tensor in visual.state_dict().items()} | text.state_dict()
    assert halves.keys() == state.keys()
    assert all(torch.equal(halves[name], tensor) for name, tensor in state.items())


def test_equal_models_are_equal_bytes(saved: Path, state: dict[str, Tensor], tmp_path: Path) -> None:
    save_clip(dict(reversed(state.items())), about(), tmp_path / "again.safetensors")
    assert saved.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


@pytest.mark.parametrize("load", [load_visual, load_text])
def test_tensors_that_do_not_fit_are_named_whichever_tower_is_asked_for(
    load: Callable[[Path], Any], state: dict[str, Tensor], tmp_path: Path
) -> None:
    wrong = {**state, "extra": torch.zeros(1), "visual.proj": torch.zeros(16, 5)}
    del wrong["ln_final.bias"]
    save_clip(wrong, about(), tmp_path / "wrong")
    with pytest.raises(
        UserError,
        match=r"wrong does not fit the architecture: ln_final\.bias is missing; extra is unknown; "
        r"visual\.proj has shape \(16, 5\) instead of \(16, 12\)",
    ):
        load(tmp_path / "wrong")


@pytest.mark.parametrize("load", [load_visual, load_text])
def test_truncated_missing_or_another_file(load: Callable[[Path], Any], saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none is missing"):
        load(tmp_path / "none")
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model\.safetensors holds no CLIP model"):
        load(saved)
    save_file({"a": torch.zeros(1)}, saved, {"architecture": "{}"})
    with pytest.raises(UserError, match=r"model\.safetensors holds no CLIP model"):
        load(saved)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ViT-B-61", r"open_clip has no model 'ViT-B-61'\. Near it: .*ViT-B-16"),
        ("RN50", "'RN50' has no dense features, for its image tower is no ViT"),
        ("EVA02-B-16", "its image tower is one of timm"),
        ("coca_ViT-B-32", "it pools patches by attention"),
        ("roberta-ViT-B-32", "its text tower is one of Hugging Face"),
    ],
)
def test_models_that_are_no_vit_of_open_clip(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        empty_clip(name)


@pytest.mark.parametrize(
    ("name", "width"), [("ViT-B-16-quickgelu", 512), ("ViT-L-14-336", 768), ("ViT-H-14-CLIPA", 1024)]
)
def test_the_vits_of_open_clip_have_shapes_before_they_have_tensors(name: str, width: int) -> None:
    model = empty_clip(name)
    assert model.visual.output_dim == width
    assert {tensor.device.type for tensor in model.state_dict().values()} == {"meta"}


def test_another_architecture(state: dict[str, Tensor], tmp_path: Path) -> None:
    register(tmp_path, "other-clip", {**CONFIG, "embed_dim": 10})
    save_file(state, tmp_path / "weights")
    with pytest.raises(UserError, match=r"visual\.proj has shape \(16, 12\) instead of \(16, 10\)"):
        convert(tmp_path / "weights", "other-clip")

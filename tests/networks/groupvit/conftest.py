from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import GroupViTModel

from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.weights import convert
from tests.networks.groupvit.published import SMALLER, official, reference


@pytest.fixture(scope="session")
def theirs() -> GroupViTModel:
    return reference()


@pytest.fixture(scope="session")
def folder(theirs: GroupViTModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights in both files that they are published in."""
    path = tmp_path_factory.mktemp("weights")
    save_file({name: tensor.contiguous() for name, tensor in theirs.state_dict().items()}, path / "hf.safetensors")
    torch.save({"model": official(theirs.state_dict()), "epoch": 30}, path / "official.pth")
    return path


@pytest.fixture(scope="session")
def ours(folder: Path) -> GroupViT:
    model = GroupViT(SMALLER)
    model.load_state_dict(convert(folder / "official.pth", SMALLER))
    return model.eval()

"""A CLIP model small enough to run in no time, which open_clip knows by name."""

import json
from pathlib import Path
from typing import Any

import open_clip
import torch

from groupseg.networks.clip.config import Clip
from groupseg.networks.clip.weights import About
from groupseg.networks.frame import Windows

NAME, PATCH, SIDE, DIM = "tiny-clip", 8, 32, 12

CONFIG: dict[str, Any] = {
    "embed_dim": DIM,
    "quick_gelu": True,
    "vision_cfg": {"image_size": SIDE, "layers": 3, "width": 16, "head_width": 8, "patch_size": PATCH},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}

FRAME = Windows(short=32, long=128, crop=32, stride=16, patch=PATCH)


def register(folder: Path, name: str = NAME, config: dict[str, Any] = CONFIG) -> None:
    """Tells open_clip of the model, in this process."""
    (folder / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / f"{name}.json")


def tiny_clip() -> open_clip.CLIP:
    """Makes the model with random weights; larger than usual, so that every part of it counts."""
    torch.manual_seed(0)
    model = open_clip.CLIP(**CONFIG).eval()
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(0.1 * torch.randn(tensor.shape))
    return model


def about(**changes: Any) -> About:
    """Says how it is run."""
    usual = {"name": NAME, "attention": "plain", "clusters": 0, "connected": False, "scale": None}
    precision = changes.pop("precision", "float32")
    return About(clip=Clip(**{**usual, "normalisation": "clip", **changes}), frame=FRAME, precision=precision)


def windows(height: int = SIDE, width: int = SIDE, count: int = 2) -> torch.Tensor:
    """Draws windows, uint8 [count, 3, height, width]."""
    generator = torch.Generator().manual_seed(height * 1000 + width)
    return torch.randint(0, 256, (count, 3, height, width), generator=generator, dtype=torch.uint8)

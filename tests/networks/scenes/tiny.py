"""A model small enough to run in no time."""

from typing import Any

import torch

from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.model import SceneModel

TINY = {"resolution": 32, "dim": 16, "depth": 1, "heads": 2, "tokens": 4, "merged": 0, "background": 2,
        "feature": "local", "text_dim": 8}  # fmt: skip


def tiny_model(**changes: Any) -> SceneModel:
    torch.manual_seed(0)
    return SceneModel(Architecture(**{**TINY, **changes})).eval()

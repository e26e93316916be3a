"""A GroupViT small enough to run in no time."""

import torch

from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.weights import About

TINY = GroupViTArchitecture(
    resolution=32, patch=16, dim=12, heads=2, depths=(1, 1, 1), group_tokens=(4, 3), output_groups=(4, 3),
    text_width=8, text_heads=2, text_depth=1, context=9, vocabulary=49408, hidden=10, space=6,
)  # fmt: skip
ABOUT = About(architecture=TINY, frame=Windows(short=64, long=256, crop=64, stride=32, patch=16), precision="float32")


def tiny_model() -> GroupViT:
    torch.manual_seed(0)
    model = GroupViT(TINY)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()

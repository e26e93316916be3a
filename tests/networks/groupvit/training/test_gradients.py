"""Training goes down the gradients of transformers' GroupViTModel."""

import copy
from functools import partial

import pytest
import torch
from transformers import GroupViTModel

from groupseg.networks.groupvit import grouping
from groupseg.networks.groupvit.keys import published_names
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.scenes.grouping import hard_assignment
from tests.networks.groupvit.published import SMALLER


def test_gradients_through_hard_assignments_equal_those_of_transformers(
    ours: GroupViT, theirs: GroupViTModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quiet(logits: torch.Tensor, noise: bool) -> torch.Tensor:
        assert noise  # as published, in training alone
        return hard_assignment(logits, noise=False)

    monkeypatch.setattr(grouping, "hard_assignment", quiet)
    random = partial(torch.randn, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    images, direction = random(1, 3, 224, 224), random(1, SMALLER.dim)
    tower = copy.deepcopy(ours.img_encoder).double().train()
    (tower(images).tokens.mean(dim=1) * direction).sum().backward()
    # Theirs draw noise in training; at inference they are hard with the same gradients.
    their_tower = copy.deepcopy(theirs.vision_model).double().eval()
    (their_tower(images).pooler_output * direction).sum().backward()
    wanted = {f"vision_model.{name}": parameter.grad for name, parameter in their_tower.named_parameters()}
    for name, parameter in tower.named_parameters():
        gradient = torch.cat([wanted[part] for part in published_names(f"img_encoder.{name}", "transformers")])
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-6, atol=1e-6, msg=name)

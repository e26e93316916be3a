"""Muon for matrices, AdamW for the rest, one schedule for both."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from groupseg.networks.scenes.training.recipe import Recipe


class MuonAdamW:
    """Muon (arXiv 2502.16982) updates every two-dimensional weight, AdamW the vectors, tokens and scales.

    Args:
        parameters: What is trained.
        recipe: Its rates, weight decay and schedule: the rates rise, then fall along a cosine to 2 %. The rate of Muon
            decides everything: three times too high, the losses fall and the masks mean nothing.
    """

    def __init__(self, parameters: Iterable[Tensor], recipe: Recipe) -> None:
        self.parameters = list(parameters)
        matrices = [parameter for parameter in self.parameters if parameter.ndim == 2]
        others = [parameter for parameter in self.parameters if parameter.ndim != 2]
        muon = torch.optim.Muon(matrices, lr=recipe.matrix_rate, momentum=0.95, weight_decay=recipe.weight_decay)
        adamw = torch.optim.AdamW(
            others, lr=recipe.vector_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay, fused=True
        )
        self.optimizers = (muon, adamw)
        self.peaks = (recipe.matrix_rate, recipe.vector_rate)
        self.warmup, self.steps = recipe.warmup, recipe.steps

    def step(self, loss: Tensor, step: int) -> None:
        """Goes one step down the gradient of `loss`, whose norm is clipped at 5; `step` counts from 0."""
        factor = min(1.0, (step + 1) / self.warmup) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / self.steps)))
        for optimizer, peak in zip(self.optimizers, self.peaks, strict=True):
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, 5.0)
        for optimizer in self.optimizers:
            optimizer.step()  # type: ignore[no-untyped-call]

    def state_dict(self) -> list[dict[str, object]]:
        """Returns what `load_state_dict` takes up again."""
        return [optimizer.state_dict() for optimizer in self.optimizers]

    def load_state_dict(self, states: list[dict[str, object]]) -> None:
        """Goes on from a state."""
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict(state)

"""Muon for matrices, AdamW for the rest, one schedule for both."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


class MuonAdamW:
    """Muon (arXiv 2502.16982) updates every two-dimensional weight, AdamW the vectors, tokens and scales.

    Args:
        parameters: What is trained.
        matrix_rate: Peak learning rate of Muon. It decides everything: three times too high, the losses fall and the
            masks mean nothing.
        vector_rate: Peak learning rate of AdamW.
        weight_decay: Of both.
        warmup: Steps over which the rates rise; then they fall along a cosine to 2 %.
        steps: Steps in all.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        matrix_rate: float,
        vector_rate: float,
        weight_decay: float,
        warmup: int,
        steps: int,
    ) -> None:
        self.parameters = list(parameters)
        matrices = [parameter for parameter in self.parameters if parameter.ndim == 2]
        others = [parameter for parameter in self.parameters if parameter.ndim != 2]
        muon = torch.optim.Muon(matrices, lr=matrix_rate, momentum=0.95, weight_decay=weight_decay)
        adamw = torch.optim.AdamW(others, lr=vector_rate, betas=(0.9, 0.98), weight_decay=weight_decay)
        self.optimizers = (muon, adamw)
        self.peaks = (matrix_rate, vector_rate)
        self.warmup, self.steps = warmup, steps

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

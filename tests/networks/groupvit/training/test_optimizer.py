"""The schedule against its formula, and what is decayed against what there is."""

import math

import pytest
import torch
from torch import nn

from groupseg.networks.groupvit.training.objective import GroupViTObjective
from groupseg.networks.groupvit.training.optimizer import new_optimizer, new_schedule
from groupseg.networks.groupvit.training.start import new_model
from groupseg.processes import Place
from stages.params import load_params
from stages.schema import GroupViTModel
from tests.networks.groupvit.training.tiny import ARCHITECTURE, RECIPE


def test_the_published_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    section = load_params().models["groupvit_s"]
    assert isinstance(section, GroupViTModel)
    recipe = section.training
    assert recipe is not None
    optimizer = new_optimizer(nn.Linear(2, 2), recipe)
    schedule = new_schedule(optimizer, recipe)
    for step in (0, 1, 6000, 12581, 12582, 12583, 94365, 188729):
        schedule.step_update(step)
        expected = (
            4e-6 + (1.6e-3 - 4e-6) * step / 12582
            if step < 12582
            else 4e-5 + (1.6e-3 - 4e-5) * (1 + math.cos(math.pi * step / 188730)) / 2
        )
        for group in optimizer.param_groups:
            assert group["lr"] == pytest.approx(expected, rel=1e-9), step


def test_vectors_biases_scales_tokens_and_positions_are_not_decayed() -> None:
    objective = GroupViTObjective(new_model(ARCHITECTURE, 0.0), RECIPE, Place(0, 1))
    optimizer = new_optimizer(objective, RECIPE)
    decay = {parameter: group["weight_decay"] for group in optimizer.param_groups for parameter in group["params"]}
    named = dict(objective.named_parameters())
    assert len(decay) == len(named)
    kept = {name for name, parameter in named.items() if decay[parameter] == 0}
    assert {name for name in named if named[name].ndim < 2} < kept
    assert kept - {name for name in named if named[name].ndim < 2} == {
        "model.img_encoder.pos_embed", "model.text_encoder.positional_embedding",
        "model.img_encoder.layers.0.group_token", "model.img_encoder.layers.1.group_token",
    }  # fmt: skip
    assert {decay[parameter] for name, parameter in named.items() if name not in kept} == {0.05}


def test_the_first_weights_are_spread_as_in_the_released_code() -> None:
    torch.manual_seed(0)
    model = new_model(ARCHITECTURE, 0.3)
    image, text = model.img_encoder, model.text_encoder
    assert image.pos_embed.std().item() == pytest.approx(0.02, rel=0.2)
    assert image.layers[0].group_token.std().item() == pytest.approx(0.02, rel=0.2)
    assert not image.layers[1].group_token.any()
    for module in image.modules():
        if isinstance(module, nn.Linear) and module.weight.numel() > 500:
            assert module.weight.std().item() == pytest.approx(0.02, rel=0.2)
            assert not module.bias.any()
    block = text.transformer.resblocks[0]
    for weight, spread in (
        (text.token_embedding.weight, 0.02), (text.positional_embedding, 0.01), (block.attn.in_proj_weight, 16**-0.5),
        (block.attn.out_proj.weight, 32**-0.5), (block.mlp.c_fc.weight, 32**-0.5), (block.mlp.c_proj.weight, 32**-0.5),
    ):  # fmt: skip
        assert weight.std().item() == pytest.approx(spread, rel=0.2)
    assert model.scale() == pytest.approx(1 / 0.07)
    # The chance of a block to be left out rises to the last.
    chances = [getattr(block.drop_path1, "drop_prob", 0.0) for stage in image.layers for block in stage.blocks]
    assert chances == pytest.approx([0.0, 0.15, 0.3])

"""AdamW (arXiv 1711.05101), and how its learning rate rises and falls."""

from timm.optim import param_groups_weight_decay
from timm.scheduler import CosineLRScheduler
from torch import nn
from torch.optim import AdamW

from groupseg.networks.groupvit.training.recipe import GroupViTRecipe

# Beside vectors, biases and scales, which timm leaves out by itself.
_NO_DECAY = ("*.pos_embed", "*.positional_embedding", "*.group_token")


def new_optimizer(module: nn.Module, recipe: GroupViTRecipe) -> AdamW:
    """Makes the optimizer of all parameters of `module`."""
    groups = param_groups_weight_decay(module, recipe.weight_decay, no_weight_decay_list=_NO_DECAY)
    return AdamW(groups, lr=recipe.rate, betas=(0.9, 0.999))


def new_schedule(optimizer: AdamW, recipe: GroupViTRecipe) -> CosineLRScheduler:
    """Makes the schedule; its `step_update(step)` sets the rate of a step, from 0, and remembers nothing."""
    return CosineLRScheduler(
        optimizer, t_initial=recipe.steps, lr_min=recipe.last_rate, warmup_t=recipe.warmup,
        warmup_lr_init=recipe.first_rate, t_in_epochs=False,
    )  # fmt: skip

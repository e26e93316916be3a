"""The training loop, counted in steps; every step draws by its number, so that going on needs no memory of chance."""

from pathlib import Path

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW
from tqdm import tqdm

from groupseg.errors import UserError
from groupseg.networks.device import device
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.training.corpus import StreamedCorpus
from groupseg.networks.groupvit.training.data import Examples, batches
from groupseg.networks.groupvit.training.objective import GroupViTObjective
from groupseg.networks.groupvit.training.optimizer import new_optimizer, new_schedule
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.networks.groupvit.training.start import new_model
from groupseg.networks.history import History, check_finite
from groupseg.networks.resume import load_state, save_state
from groupseg.processes import Place

_STATE_EVERY = 250  # steps between two saved states


def train_from_captions(
    architecture: GroupViTArchitecture,
    recipe: GroupViTRecipe,
    corpus: StreamedCorpus,
    state: Path,
    here: Place,
    workers: int,
) -> tuple[GroupViT, History]:
    """Trains a model on captions; all processes of the group call this.

    Args:
        architecture: Its shape.
        recipe: Its recipe.
        corpus: Captioned images.
        state: Where the state of an interrupted training lies, or will lie, for all processes to read; its name must
            tell one training from another. Any number of processes can go on from it.
        here: This process, in the group of all.
        workers: Processes that read ahead for this one; 0 for none.

    Returns:
        The model, on the CPU, and the losses of every step; the same in each process.

    Raises:
        UserError: If the batch cannot be shared out, a shard is damaged, not all processes see the state, or the loss
            is no number any more.
    """
    if recipe.batch % (recipe.block * here.size):
        raise UserError(
            f"training.batch must be a multiple of training.block times the number of processes ({recipe.block} x "
            f"{here.size}), but is {recipe.batch}. Lower block, or take another number of processes."
        )
    where = device()
    torch.manual_seed(recipe.seed)
    objective = GroupViTObjective(new_model(architecture, recipe.drop_path), recipe, here).to(where).train()
    optimizer = new_optimizer(objective, recipe)
    schedule = new_schedule(optimizer, recipe)
    history = _take_up(state, objective, optimizer, here)
    shared = DistributedDataParallel(objective) if here.size > 1 else objective
    seen = batches(Examples(corpus, architecture, recipe), here, len(history), workers)
    # Off for the others, else where there is no terminal.
    hidden = None if here.rank == 0 else True
    with tqdm(total=recipe.steps, initial=len(history), desc="train", unit="step", disable=hidden) as bar:
        for step, batch in enumerate(seen, len(history)):
            schedule.step_update(step)
            losses = _descend(shared(batch.to(where), step), optimizer, recipe, step)
            history.append({"step": step + 1, **losses})
            images = (bar.format_dict["rate"] or 0) * recipe.batch
            bar.set_postfix(loss=f"{losses['loss']:.3f}", images=f"{images:.0f}/s", refresh=False)
            bar.update()
            if (step + 1) % _STATE_EVERY == 0 and here.rank == 0:
                save_state(
                    state, {"model": objective.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
                )
    return objective.model.cpu().eval(), history


def _descend(losses: dict[str, Tensor], optimizer: AdamW, recipe: GroupViTRecipe, step: int) -> dict[str, float]:
    """Goes one step down the gradient; returns the losses."""
    values = {name: loss.item() for name, loss in losses.items()}
    check_finite(values["loss"], step)
    optimizer.zero_grad()
    losses["loss"].backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(
        (parameter for group in optimizer.param_groups for parameter in group["params"]), recipe.clip
    )
    optimizer.step()
    return values


def _take_up(state: Path, objective: GroupViTObjective, optimizer: AdamW, here: Place) -> History:
    """Goes on from the state, if there is one; returns the history up to there."""
    found = load_state(state)
    history: History = found["history"] if found else []
    if here.size > 1:
        steps: list[int] = [0] * here.size
        distributed.all_gather_object(steps, len(history))
        if len(set(steps)) > 1:
            raise UserError(
                f"{state} is not the same for all processes (steps done: {sorted(set(steps))}). It must lie on a "
                "file system that all hosts share."
            )
    if found:
        objective.load_state_dict(found["model"])
        optimizer.load_state_dict(found["optimizer"])
        if here.rank == 0:
            tqdm.write(f"Going on after step {len(history)}, from {state}.")
    return history

"""The training loop, counted in steps.

Every step draws from generators of its own, so that going on after a break needs no memory of chance.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from groupseg.networks.device import device
from groupseg.networks.history import History, check_finite
from groupseg.networks.resume import load_state, save_state
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.images import normalise_scenes
from groupseg.networks.scenes.model import SceneGroups, SceneModel
from groupseg.networks.scenes.training.augment import augment
from groupseg.networks.scenes.training.background import learn_background
from groupseg.networks.scenes.training.constraint import area_loss, assign, background_loss, separation_loss
from groupseg.networks.scenes.training.corpus import LoadedCorpus, centred
from groupseg.networks.scenes.training.losses import contrast, pooled_similarity
from groupseg.networks.scenes.training.optimizer import MuonAdamW
from groupseg.networks.scenes.training.recipe import Recipe

_STATE_EVERY = 25  # steps between two saved states


def train_scene_model(
    architecture: Architecture, recipe: Recipe, corpus: LoadedCorpus, state: Path
) -> tuple[SceneModel, History]:
    """Trains a model on captions.

    Args:
        architecture: Its shape.
        recipe: Its recipe.
        corpus: Images, captions and nouns.
        state: Where the state of an interrupted training lies, or will lie; its name must tell one training from
            another.

    Returns:
        The model, on the CPU, and the losses of every step.
    """
    where = device()
    # Deterministic algorithms would have all memory filled first; nothing here reads what it has not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.manual_seed(recipe.seed)
    model = SceneModel(architecture)
    model.text_mean.copy_(corpus.nouns.mean(dim=0))
    model.caption_mean.copy_(corpus.captions.mean(dim=0))
    model.to(where).to(memory_format=torch.channels_last).train()
    optimizer = MuonAdamW(model.parameters(), recipe)
    history = _take_up(state, model, optimizer)
    objective = SceneObjective(model, recipe, corpus)
    run_steps(objective, optimizer, history, recipe.steps, state)
    model.eval()
    if not recipe.background_weight:
        learn_background(model, corpus, objective.nouns, recipe.seed)
    return model.cpu(), history


def run_steps(objective: "SceneObjective", optimizer: MuonAdamW, history: History, steps: int, state: Path) -> None:
    """Goes on from the last step in `history` until there are `steps`; saves the state every `_STATE_EVERY` steps."""
    model, batch = objective.model, objective.recipe.batch
    with tqdm(total=steps, initial=len(history), desc="train", unit="step", disable=None, mininterval=1.0) as bar:
        for step in range(len(history), steps):
            losses = objective(step)
            values = {name: loss.item() for name, loss in losses.items()}
            check_finite(values["loss"], step)
            optimizer.step(losses["loss"], step)
            history.append({"step": step + 1, **values})
            bar.set_postfix(
                loss=f"{history[-1]['loss']:.3f}",
                images=f"{(bar.format_dict['rate'] or 0) * batch:.0f}/s",
                refresh=False,
            )
            bar.update()
            if (step + 1) % _STATE_EVERY == 0:
                save_state(
                    state, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "history": history}
                )


def _take_up(state: Path, model: SceneModel, optimizer: MuonAdamW) -> History:
    """Goes on from the state, if there is one; returns the history up to there."""
    found = load_state(state)
    if found is None:
        return []
    model.load_state_dict(found["model"])
    optimizer.load_state_dict(found["optimizer"])
    history: History = found["history"]
    tqdm.write(f"Going on after step {len(history)}, from {state}.")
    return history


class SceneObjective:
    """The losses of one step: captions against images, nouns against segments, nouns against patches."""

    def __init__(self, model: SceneModel, recipe: Recipe, corpus: LoadedCorpus) -> None:
        self.model, self.recipe, self.corpus = model, recipe, corpus
        self.where = model.text_mean.device
        self.captions = centred(corpus.captions, model.caption_mean.cpu()).to(self.where)
        self.nouns = centred(corpus.nouns, model.text_mean.cpu()).to(self.where)

    def __call__(self, step: int) -> dict[str, Tensor]:
        """Draws the batch of `step` and returns its losses; "loss" is their weighted sum."""
        seed = self.recipe.seed * 1_000_003 + step
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        rows = torch.randint(0, len(self.corpus.images), (self.recipe.batch,), generator=generator)
        images = normalise_scenes(augment(self.corpus.images[rows].to(self.where), generator))
        mentions = self.corpus.mentions[rows].to(self.where)
        caption = self.corpus.caption[rows].to(self.where)

        # Half precision on a GPU alone: on processors it is faster on some, twice as slow on others, and would give
        # each its own result.
        with torch.autocast(self.where.type, dtype=torch.bfloat16, enabled=self.where.type == "cuda"):
            groups = self.model(images.contiguous(memory_format=torch.channels_last))
        stages = [stage for stage in (groups, groups.first) if stage is not None]
        patch_scores = self.model.scale("patch") * pooled_similarity(groups.patches, self.nouns)
        losses = {
            "caption": torch.stack([self.caption_loss(stage, caption) for stage in stages]).sum(),
            "segment": torch.stack([self.segment_loss(stage, mentions) for stage in stages]).sum(),
            "patch": contrast(patch_scores, mentions),
        }
        total = (
            self.recipe.caption_weight * losses["caption"]
            + self.recipe.segment_weight * losses["segment"]
            + self.recipe.patch_weight * losses["patch"]
        )
        constraint = self.constraint_losses(groups, mentions) if self.recipe.background_weight else {}
        for name, loss in constraint.items():
            total = total + getattr(self.recipe, f"{name}_weight") * loss
        return {"loss": total, **losses, **constraint}

    def caption_loss(self, groups: SceneGroups, caption: Tensor) -> Tensor:
        """Images against their captions, given by row: int64 [B]."""
        scores = self.model.scale("caption") * groups.image @ self.captions[caption].T
        return contrast(scores, caption[:, None] == caption)

    def segment_loss(self, groups: SceneGroups, mentions: Tensor) -> Tensor:
        """Segments against the nouns that captions name: bool [B, N]."""
        segments = F.normalize(groups.segments.float(), dim=2)
        scores = self.model.scale("segment") * pooled_similarity(segments, self.nouns, groups.occupied)
        return contrast(scores, mentions)

    def constraint_losses(self, groups: SceneGroups, mentions: Tensor) -> dict[str, Tensor]:
        """Those of the three losses of the background constraint that have a weight; mentions: bool [B, N]."""
        segments = F.normalize(groups.segments.float(), dim=2)
        assignment = assign(segments, self.nouns, self.model.background, self.model.scale("segment"))
        losses = {"background": background_loss(assignment, groups.occupied, groups.share, mentions)}
        if self.recipe.area_weight:
            losses["area"] = area_loss(assignment, groups.share, mentions)
        if self.recipe.separation_weight:
            losses["separation"] = separation_loss(assignment, segments, groups.share, mentions)
        return losses

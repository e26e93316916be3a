"""What a step minimises, over the whole batch, however many processes share it out."""

import warnings

import torch
from open_clip import ClipLoss
from torch import Tensor, nn
from torch.distributed.nn import functional as distributed
from torch.nn import functional as F

from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.training.data import Batch
from groupseg.networks.groupvit.training.losses import multi_label_loss
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.networks.groupvit.training.seeding import seed_draws
from groupseg.processes import ProcessRank

_MOST = 100.0  # Of both scales, as in CLIP.


class GroupViTObjective(nn.Module):
    """The model, and the losses of a step.

    The towers, nearly all of the work, see the images and texts of this process. Projectors and losses see those of
    all: their batch normalisation and their negatives are those of the whole batch, and every process has the same
    loss. What comes back through the gathering is then the gradient of the sum of the losses, as many times too large
    as there are processes; `DistributedDataParallel` takes the mean over processes, which makes the gradients of towers
    and projectors alike those of one process with the whole batch.

    Args:
        model: What is trained.
        recipe: Its recipe.
        process: This process, in the group of all.
    """

    multi_label_logit_scale: nn.Parameter | None

    def __init__(self, model: GroupViT, recipe: GroupViTRecipe, process: ProcessRank) -> None:
        super().__init__()
        self.model, self.recipe, self.process = model, recipe, process
        self.multi_label_logit_scale = nn.Parameter(model.logit_scale.detach().clone()) if recipe.prompts else None
        self.clip_loss = ClipLoss()

    def forward(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """Returns the losses of the batch of all processes; "loss" is their sum.

        Args:
            batch: The part of this process, on the device of the model.
            step: Its number.
        """
        # Half precision on GPUs alone; what decides groups keeps float32 (`groupseg.networks.groupvit.grouping.exact`).
        with torch.autocast(batch.images.device.type, torch.bfloat16, enabled=batch.images.is_cuda):
            images, texts = self._images(batch.images, step), self._texts(batch)
        image = F.normalize(self.model.img_projector(self._gather(images)), dim=1)
        text = F.normalize(self.model.text_projector(self._gather(texts)), dim=2)
        losses = {"caption": self.clip_loss(image, text[:, 0], _scale(self.model.logit_scale))}
        if self.multi_label_logit_scale is not None:
            losses["multi_label"] = multi_label_loss(image, text[:, 1:], _scale(self.multi_label_logit_scale))
        return {"loss": torch.stack(list(losses.values())).sum(), **losses}

    def _images(self, images: Tensor, step: int) -> Tensor:
        """Encodes images block by block, each with its own noise, to float [B, dim]: the mean of the groups of each."""
        first = self.process.rank * len(images) // self.recipe.block
        encoded = []
        for number, block in enumerate(torch.split(images, self.recipe.block), first):
            seed_draws(self.recipe.seed, "block", step, number)
            encoded.append(self.model.img_encoder(block).tokens.mean(dim=1))
        return torch.cat(encoded)

    def _texts(self, batch: Batch) -> Tensor:
        """Encodes the caption and the prompts of each image, to float [B, 1 + K, width]."""
        captions: Tensor = self.model.text_encoder(batch.captions).unsqueeze(1)
        if not batch.prompts.shape[1]:
            return captions
        prompts = self.model.text_encoder(batch.prompts.flatten(0, 1))
        return torch.cat([captions, prompts.unflatten(0, batch.prompts.shape[:2])], dim=1)

    def _gather(self, rows: Tensor) -> Tensor:
        """Puts the rows of all processes together, in the order of their ranks; gradients go back to each.

        They have the precision of the weights again.
        """
        rows = rows.to(self.model.logit_scale.dtype)
        if self.process.size == 1:
            return rows
        with warnings.catch_warnings():
            # Newer versions of torch deprecate it in favour of what older ones do not have.
            warnings.simplefilter("ignore", FutureWarning)
            return torch.cat(distributed.all_gather(rows))  # type: ignore[no-untyped-call]


def _scale(log: Tensor) -> Tensor:
    return log.exp().clamp(max=_MOST)

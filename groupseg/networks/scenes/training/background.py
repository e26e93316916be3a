"""Background vectors for a model that was trained without: learned from captions, all else frozen."""

import torch
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.scenes.images import normalise_scenes
from groupseg.networks.scenes.model import SceneModel
from groupseg.networks.scenes.training.constraint import assign, background_loss
from groupseg.networks.scenes.training.corpus import LoadedCorpus

IMAGES, STEPS, BATCH, RATE = 3000, 150, 256, 0.02


def learn_background(model: SceneModel, corpus: LoadedCorpus, nouns: Tensor, seed: int) -> None:
    """Fits `model.background` to the segments of some images; no label is seen, and no other weight moves.

    Args:
        model: In evaluation mode.
        corpus: Captioned images.
        nouns: Its nouns, centred, float [N, D], where the model is.
        seed: Of the images, the first vectors and the batches.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(corpus.images), generator=generator)[:IMAGES]
    parts = [_segments(model, corpus.images[chunk].to(nouns.device)) for chunk in torch.split(rows, BATCH)]
    segments, occupied, share = (torch.cat(column) for column in zip(*parts, strict=True))
    mentions = corpus.mentions[rows].to(nouns.device)
    start = 0.02 * torch.randn(model.background.shape, generator=generator)
    background = start.to(nouns.device).requires_grad_()
    optimizer = torch.optim.Adam([background], lr=RATE)
    for _ in range(STEPS if background.numel() else 0):
        batch = torch.randint(0, len(rows), (BATCH,), generator=generator).to(nouns.device)
        assignment = assign(segments[batch], nouns, background, model.scale("segment").detach())
        loss = background_loss(assignment, occupied[batch], share[batch], mentions[batch])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    model.background.data.copy_(background.detach())


@torch.no_grad()
def _segments(model: SceneModel, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Segments of a batch: unit vectors [B, G, D], which own a patch, and the share of patches each owns."""
    groups = model(normalise_scenes(images))
    return F.normalize(groups.segments.float(), dim=2), groups.occupied, groups.share

"""A training small enough to run in no time: noise images with captions of a few words."""

import torch
from torch.nn import functional as F

from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.training.corpus import LoadedCorpus
from groupseg.networks.scenes.training.recipe import Recipe
from tests.networks.scenes.tiny import TINY

ARCHITECTURE = Architecture(**TINY)  # type: ignore[arg-type]
RECIPE = Recipe(
    steps=8, batch=4, matrix_rate=0.01, vector_rate=0.001, weight_decay=0.05, warmup=2, caption_weight=1.0,
    segment_weight=1.0, patch_weight=0.5, background_weight=0.0, area_weight=0.0, separation_weight=0.0, seed=0,
)  # fmt: skip


def tiny_corpus() -> LoadedCorpus:
    """Twelve images, five captions and four nouns."""
    generator = torch.Generator().manual_seed(0)
    texts = F.normalize(torch.randn(9, 8, generator=generator), dim=1)
    return LoadedCorpus(
        images=torch.randint(0, 256, (12, 3, 32, 32), dtype=torch.uint8, generator=generator),
        caption=torch.randint(0, 5, (12,), generator=generator),
        mentions=torch.rand(12, 4, generator=generator) < 0.4,
        captions=texts[:5],
        nouns=texts[5:],
    )

"""A training small enough to run in no time: noise images with captions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from webdataset import TarWriter

from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from tests.networks.groupvit.tiny import TINY

ARCHITECTURE = replace(TINY, dim=32, text_width=16, hidden=24, space=16, context=20)
RECIPE = GroupViTRecipe(
    steps=6, batch=8, block=2, first_rate=1e-4, rate=3e-3, last_rate=1e-4, warmup=2, weight_decay=0.05, clip=5.0,
    drop_path=0.3, prompts=3, crop=0.3, jitter=0.4, augment="rand-m9-mstd0.5-inc1", erase=0.25, seed=0,
)  # fmt: skip
IMAGES = (5, 6)  # of the shards: an epoch ends within a batch
NOUNS = ("cat", "dog", "sofa", "lorry", "houseplant", "tree")


def write_corpus(folder: Path) -> Path:
    """Writes shards in the layout of `groupseg.datasets.shards`."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for shard, images in enumerate(IMAGES):
        with TarWriter(str(folder / f"train-{shard:05d}.tar"), mtime=0) as tar:
            for number in range(images):
                nouns = random.permutation(NOUNS)[: random.integers(0, 5)].tolist()
                image = Image.fromarray(random.integers(0, 256, (*random.integers(20, 50, 2), 3), dtype=np.uint8))
                text = {"caption": f"number {number}: {' and '.join(nouns)}", "nouns": nouns}
                tar.write({"__key__": f"{shard}_{number}", "image.jpg": image, "json": text})
    return folder

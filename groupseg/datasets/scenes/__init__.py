"""The embedded data sets: OpenMoji artwork pasted on drawn backdrops, 96 x 96 pixels, with a label for every pixel.

Every image has a generator of its own, seeded by data set, split and index: splits are disjoint, and an image does not
depend on the order of work.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np

from groupseg.datasets.sample import CaptionedImage, Sample
from groupseg.datasets.scenes.captions import caption
from groupseg.datasets.scenes.scene import Scene, draw
from groupseg.datasets.scenes.vocabulary import KINDS, class_names

__all__ = ["KINDS", "captioned", "class_names", "samples"]

_SPLITS = ("train", "calib", "test")


def samples(name: str, split: str, images: int, seed: int) -> Iterator[Sample]:
    """Yields labelled scenes in order: mask 0 = background, i + 1 = entry i of `class_names(name)`."""
    for index, (scene, _) in enumerate(_scenes(name, split, images, seed)):
        key = f"{split}-{index:05d}"
        yield Sample(key=key, image=scene.image, mask=scene.mask, name=key)


def captioned(name: str, images: int, seed: int) -> Iterator[CaptionedImage]:
    """Yields the images of the train split with their captions, and nothing else: training sees no label."""
    for index, (scene, (text, nouns)) in enumerate(_scenes(name, "train", images, seed)):
        yield CaptionedImage(key=f"train-{index:05d}", image=scene.image, caption=text, nouns=nouns)


def _scenes(name: str, split: str, images: int, seed: int) -> Iterator[tuple[Scene, tuple[str, list[str]]]]:
    # Forked workers share the imported artwork; no thread has started yet when scenes are drawn.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        yield from pool.map(partial(_scene, name, split, seed), range(images), chunksize=32)


def _scene(name: str, split: str, seed: int, index: int) -> tuple[Scene, tuple[str, list[str]]]:
    rng = np.random.default_rng([seed, list(KINDS).index(name), _SPLITS.index(split), index])
    scene = draw(name, rng)
    return scene, caption(scene, rng)

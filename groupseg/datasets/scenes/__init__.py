"""The embedded data sets: OpenMoji artwork pasted on drawn backdrops, 96 x 96 pixels, with a label for every pixel.

Every image has a generator of its own, seeded by data set, split and index: splits are disjoint, and an image does not
depend on the order of work.
"""

from collections.abc import Collection, Iterator
from functools import partial

import numpy as np

from groupseg.datasets.sample import CaptionedImage, Sample
from groupseg.datasets.scenes.captions import caption
from groupseg.datasets.scenes.scene import Scene, draw_scene
from groupseg.datasets.scenes.vocabulary import SCENE_KINDS, class_names, unseen
from groupseg.parallel import in_order, workers

__all__ = ["SCENE_KINDS", "captioned", "class_names", "samples", "unseen"]

_SPLITS = ("train", "calib", "test")
_AT_ONCE = 32  # scenes that a process draws in one go


def samples(name: str, split: str, images: int, seed: int) -> Iterator[Sample]:
    """Yields labelled scenes in order: mask 0 = background, i + 1 = entry i of `class_names(name)`."""
    for index, (scene, _) in enumerate(_scenes(name, split, images, seed, ())):
        key = f"{split}-{index:05d}"
        yield Sample(key=key, image=scene.image, mask=scene.mask, name=key)


def captioned(name: str, images: int, seed: int, left_out: Collection[str] = ()) -> Iterator[CaptionedImage]:
    """Yields the images of the train split with their captions, and nothing else: training sees no label.

    What is `left_out`, such as `unseen()`, is neither shown nor named.
    """
    for index, (scene, (text, nouns)) in enumerate(_scenes(name, "train", images, seed, left_out)):
        yield CaptionedImage(key=f"train-{index:05d}", image=scene.image, caption=text, nouns=nouns)


def _scenes(
    name: str, split: str, images: int, seed: int, left_out: Collection[str]
) -> Iterator[tuple[Scene, tuple[str, list[str]]]]:
    parts = [range(start, min(start + _AT_ONCE, images)) for start in range(0, images, _AT_ONCE)]
    for scenes in in_order(partial(_some, name, split, seed, left_out), parts, workers()):
        yield from scenes


def _some(
    name: str, split: str, seed: int, left_out: Collection[str], indices: range
) -> list[tuple[Scene, tuple[str, list[str]]]]:
    return [_scene(name, split, seed, index, left_out) for index in indices]


def _scene(
    name: str, split: str, seed: int, index: int, left_out: Collection[str]
) -> tuple[Scene, tuple[str, list[str]]]:
    rng = np.random.default_rng([seed, list(SCENE_KINDS).index(name), _SPLITS.index(split), index])
    scene = draw_scene(name, rng, left_out)
    return scene, caption(scene, rng)

"""One scene: objects pasted over a backdrop, with the label of every pixel."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.scenes import backdrop, vocabulary
from groupseg.datasets.scenes.artwork import place_sprite

# An object of which less can be seen is named in no caption.
_VISIBLE_PIXELS = 40
_VISIBLE_STUFF_PIXELS = 300
_OVERHANG = 0.15


@dataclass(frozen=True)
class Scene:
    """A picture, its labels, and what can be seen in it.

    Attributes:
        image: uint8 [96, 96, 3], RGB.
        mask: uint8 [96, 96]; 0 = background, i + 1 = class i.
        objects: Listed things, without repeats.
        stuff: Listed materials.
        distractors: Things outside the class list.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    objects: list[str]
    stuff: list[str]
    distractors: list[str]


class _Canvas:
    """The picture while it is drawn: colours, the label of each pixel, and which object is on top there (-1: none)."""

    def __init__(self, colour: NDArray[np.float32], label: NDArray[np.int32]) -> None:
        self.colour, self.label = colour, label
        self.owner = np.full(label.shape, -1, np.int32)
        self.nouns: list[str] = []

    def paste(self, sprite: NDArray[np.uint8], noun: str, label: int, rng: np.random.Generator) -> None:
        """Lays a sprite on top, where it hides least of the others."""
        top, left = min(
            (self._position(sprite, rng) for _ in range(4)), key=lambda corner: self._hidden(sprite, *corner)
        )
        rows, columns, part = self._overlap(sprite, top, left)
        alpha = part[..., 3:].astype(np.float32) / 255
        self.colour[rows, columns] = self.colour[rows, columns] * (1 - alpha) + part[..., :3] * alpha
        solid = part[..., 3] > 127
        self.label[rows, columns][solid] = label
        self.owner[rows, columns][solid] = len(self.nouns)
        self.nouns.append(noun)

    def visible(self) -> NDArray[np.int64]:
        """Pixels of each object that can be seen, in the order of pasting."""
        return np.bincount(self.owner[self.owner >= 0], minlength=len(self.nouns))

    def _position(self, sprite: NDArray[np.uint8], rng: np.random.Generator) -> tuple[int, int]:
        spans = [(-_OVERHANG * side, backdrop.SIZE - (1 - _OVERHANG) * side) for side in sprite.shape[:2]]
        top, left = (round(rng.uniform(low, max(low, high))) for low, high in spans)
        return top, left

    def _hidden(self, sprite: NDArray[np.uint8], top: int, left: int) -> int:
        rows, columns, part = self._overlap(sprite, top, left)
        return int(((self.owner[rows, columns] >= 0) & (part[..., 3] > 127)).sum())

    def _overlap(self, sprite: NDArray[np.uint8], top: int, left: int) -> tuple[slice, slice, NDArray[np.uint8]]:
        height, width = sprite.shape[:2]
        rows, columns = (
            slice(max(top, 0), min(top + height, backdrop.SIZE)),
            slice(max(left, 0), min(left + width, backdrop.SIZE)),
        )
        return rows, columns, sprite[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


def draw_scene(name: str, rng: np.random.Generator, left_out: Collection[str] = ()) -> Scene:
    """Draws a scene of the embedded data set `name`, in which nothing is shown that is `left_out`."""
    kind = vocabulary.kind(name)
    labels = {noun: label for label, noun in enumerate(vocabulary.class_names(name), start=1)}
    canvas, stuff = _backdrop(kind.labels_stuff, labels, rng, left_out)
    listed = _without(vocabulary.things(name), left_out)
    chosen = [
        (str(noun), listed)
        for noun in rng.choice(list(listed), size=rng.integers(kind.objects[0], kind.objects[1] + 1))
    ]
    chosen += [_distractor(name, rng, left_out) for chance in kind.distractor_chances if rng.random() < chance]
    for index in rng.permutation(len(chosen)):
        noun, artwork = chosen[index]
        sprite = place_sprite(str(rng.choice(artwork[noun])), rng.uniform(*kind.longest_side), rng)
        canvas.paste(sprite, noun, labels.get(noun, 0), rng)
    seen = [noun for noun, pixels in zip(canvas.nouns, canvas.visible(), strict=True) if pixels >= _VISIBLE_PIXELS]
    light = canvas.colour * rng.uniform(0.85, 1.12) + rng.normal(0, 3, size=canvas.colour.shape)
    return Scene(
        image=light.clip(0, 255).astype(np.uint8),
        mask=canvas.label.astype(np.uint8),
        objects=list(dict.fromkeys(noun for noun in seen if noun in listed)),
        stuff=[noun for noun in stuff if (canvas.label == labels[noun]).sum() >= _VISIBLE_STUFF_PIXELS],
        distractors=list(dict.fromkeys(noun for noun in seen if noun not in listed)),
    )


def _backdrop(
    labels_stuff: bool, labels: dict[str, int], rng: np.random.Generator, left_out: Collection[str]
) -> tuple[_Canvas, list[str]]:
    """The empty canvas, and the materials on it that have a label."""
    if not labels_stuff and rng.random() < 0.5:
        return _Canvas(backdrop.abstract(rng), np.zeros((backdrop.SIZE, backdrop.SIZE), np.int32)), []
    colour, region, names = backdrop.regions(rng, left_out)
    region_labels = np.array([labels[name] if labels_stuff and name else 0 for name in names], np.int32)
    return _Canvas(colour, region_labels[region]), [name for name in names if name and labels_stuff]


def _distractor(name: str, rng: np.random.Generator, left_out: Collection[str]) -> tuple[str, dict[str, list[str]]]:
    """An object that the class list of `name` does not hold: it is background there."""
    artwork = _without(vocabulary.unlisted() if rng.random() < 0.6 else vocabulary.foreign(name), left_out)
    return str(rng.choice(list(artwork))), artwork


def _without(artwork: dict[str, list[str]], left_out: Collection[str]) -> dict[str, list[str]]:
    return {noun: stems for noun, stems in artwork.items() if noun not in left_out}

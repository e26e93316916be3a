"""What lies behind the objects: abstract textures, and materials ("stuff") drawn with arithmetic."""

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Texture = NDArray[np.float32]

SIZE = 96
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)

# Where a material may lie in a scene. Several look alike on purpose, as they do in photographs.
UPPER = ("sky", "wall", "brick", "ceiling", "trees", "mountain", "building", "curtain", "fence")
MIDDLE = ("trees", "mountain", "fence", "building", "water", "rock", "wall")
LOWER = ("grass", "water", "sand", "road", "sidewalk", "floor", "ground", "snow", "rock", "wood", "carpet")


def _noise(rng: np.random.Generator, cells: int) -> Texture:
    """Smooth noise [H, W] of unit variance whose blobs are about SIZE / cells pixels wide."""
    grid = rng.normal(size=(cells, cells)).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def _grain(rng: np.random.Generator, coarse: float, fine: float) -> Texture:
    """Noise of three sizes, in grey levels."""
    return coarse * (_noise(rng, 4) + 0.6 * _noise(rng, 12)) + fine * rng.normal(size=(SIZE, SIZE)).astype(np.float32)


def _waves(rng: np.random.Generator) -> Texture:
    phase = 3 * np.sin(_X / rng.uniform(6, 12) + rng.uniform(0, 6))
    return np.asarray(np.sin((_Y + phase) / rng.uniform(1.2, 2.2)), dtype=np.float32)


def _lines(coordinate: Texture, period: float, width: float) -> Texture:
    """1 on lines `width` pixels wide that repeat every `period` pixels, else 0."""
    return (np.mod(coordinate, period) < width).astype(np.float32)


def _bricks(rng: np.random.Generator) -> Texture:
    height = rng.uniform(6, 9)
    row = np.floor(_Y / height)
    return np.maximum(_lines(_Y, height, 1.3), _lines(_X + row * height, height * 2, 1.3))


def _tiles(rng: np.random.Generator) -> Texture:
    side = rng.uniform(9, 15)
    return np.asarray((np.floor(_X / side) + np.floor((_Y + _X * 0.1) / side)) % 2, dtype=np.float32)


def _windows(rng: np.random.Generator) -> Texture:
    step = rng.uniform(9, 13)
    return np.asarray((1 - _lines(_X, step, step * 0.45)) * (1 - _lines(_Y, step, step * 0.4)), dtype=np.float32)


def _pattern(
    base: tuple[int, int, int],
    draw: Callable[[np.random.Generator], Texture],
    other: tuple[int, int, int],
    coarse: float,
    fine: float,
) -> Callable[[np.random.Generator], Texture]:
    """A material: `draw` mixes the colour `base` (0) with `other` (1); noise lies over it."""

    def texture(rng: np.random.Generator) -> Texture:
        mix = draw(rng)[..., None]
        colour = np.asarray(base, np.float32) * (1 - mix) + np.asarray(other, np.float32) * mix
        colour = colour + rng.normal(0, 12, size=3).astype(np.float32)
        return np.asarray(colour + _grain(rng, coarse, fine)[..., None], dtype=np.float32)

    return texture


def _plain(rng: np.random.Generator) -> Texture:
    return np.zeros((SIZE, SIZE), np.float32)


def _blobs(cells: int) -> Callable[[np.random.Generator], Texture]:
    return lambda rng: np.asarray(1 / (1 + np.exp(-3 * _noise(rng, cells))), dtype=np.float32)


STUFF: dict[str, Callable[[np.random.Generator], Texture]] = {
    "sky": _pattern((120, 180, 235), _blobs(5), (225, 235, 245), 4, 1),
    "grass": _pattern((70, 150, 50), _blobs(24), (95, 175, 65), 8, 10),
    "water": _pattern((40, 110, 180), lambda rng: 0.5 + 0.5 * _waves(rng), (90, 160, 215), 6, 3),
    "sand": _pattern((222, 200, 140), _plain, (0, 0, 0), 7, 8),
    "road": _pattern((95, 95, 100), _plain, (0, 0, 0), 5, 9),
    "sidewalk": _pattern(
        (170, 168, 162), lambda rng: np.maximum(_lines(_X, 19, 1.2), _lines(_Y, 14, 1.2)), (115, 115, 112), 4, 5
    ),
    "floor": _pattern((205, 185, 160), _tiles, (170, 135, 105), 4, 3),
    "ground": _pattern((135, 105, 75), _blobs(8), (110, 85, 60), 8, 9),
    "wall": _pattern((215, 208, 195), _plain, (0, 0, 0), 4, 2),
    "brick": _pattern((165, 75, 60), _bricks, (205, 195, 185), 6, 6),
    "ceiling": _pattern(
        (238, 236, 230), lambda rng: np.maximum(_lines(_X, 16, 1), _lines(_Y, 16, 1)), (205, 203, 198), 2, 2
    ),
    "snow": _pattern((240, 244, 250), _blobs(4), (220, 228, 242), 4, 3),
    "mountain": _pattern((110, 115, 130), _blobs(6), (150, 150, 160), 10, 5),
    "rock": _pattern((125, 120, 115), _blobs(9), (80, 78, 76), 8, 6),
    "trees": _pattern((35, 85, 40), _blobs(14), (60, 125, 55), 8, 8),
    "wood": _pattern((150, 105, 60), lambda rng: _lines(_X, rng.uniform(10, 16), 1.4), (95, 62, 35), 7, 5),
    "fence": _pattern((190, 160, 115), lambda rng: _lines(_X, rng.uniform(8, 12), 3.5), (85, 130, 70), 4, 4),
    "curtain": _pattern(
        (150, 60, 80),
        lambda rng: np.asarray(0.5 + 0.5 * np.sin(_X / rng.uniform(1.6, 2.6)), np.float32),
        (205, 110, 125),
        4,
        2,
    ),
    "building": _pattern((165, 165, 175), _windows, (85, 110, 150), 4, 3),
    "carpet": _pattern(
        (120, 50, 90), lambda rng: _lines(_X + _Y, 12, 4) * _lines(_X - _Y, 12, 4), (205, 170, 95), 5, 6
    ),
}


def abstract(rng: np.random.Generator) -> Texture:
    """Returns a gradient, blobs or stripes of two random colours, float32 [96, 96, 3] in grey levels."""
    first, second = rng.uniform(20, 235, size=(2, 3)).astype(np.float32)
    angle = rng.uniform(0, np.pi)
    along = _X * np.cos(angle) + _Y * np.sin(angle)
    shape = rng.integers(3)
    if shape == 0:
        mix = (along - along.min()) / np.ptp(along)
    elif shape == 1:
        mix = _blobs(int(rng.integers(3, 9)))(rng)
    else:
        mix = 0.5 + 0.5 * np.sin(along / rng.uniform(2, 7) + _noise(rng, 3))
    colour = first * (1 - mix[..., None]) + second * mix[..., None]
    return np.asarray(colour + _grain(rng, 5, 3)[..., None], dtype=np.float32)


def regions(
    rng: np.random.Generator, left_out: Collection[str] = ()
) -> tuple[Texture, NDArray[np.int32], list[str | None]]:
    """Draws two or three materials, one above the other, without those that are `left_out`.

    Returns:
        The texture, float32 [96, 96, 3] in grey levels; the region of each pixel, int32 [96, 96]; and the material of
        each region, None where it was left abstract.
    """
    names = [str(rng.choice([name for name in UPPER if name not in left_out]))]
    if rng.random() < 0.45:
        names.append(str(rng.choice([name for name in MIDDLE if name not in (*names, *left_out)])))
    names.append(str(rng.choice([name for name in LOWER if name not in (*names, *left_out)])))
    centre = SIZE * (rng.uniform(0.35, 0.65) if len(names) == 2 else 0.5)
    borders = [centre] if len(names) == 2 else [SIZE * rng.uniform(0.25, 0.42), SIZE * rng.uniform(0.58, 0.75)]
    region = np.zeros((SIZE, SIZE), np.int32)
    for border in borders:
        edge = (
            border
            + rng.uniform(0, 6) * np.sin(_X / rng.uniform(7, 20) + rng.uniform(0, 6))
            + rng.uniform(-0.15, 0.15) * (_X - SIZE / 2)
        )
        region += edge < _Y
    drawn: list[str | None] = [None if rng.random() < 0.12 else name for name in names]
    textures = np.stack([STUFF[name](rng) if name else abstract(rng) for name in drawn])
    return np.take_along_axis(textures, region[None, ..., None], axis=0)[0], region, drawn

"""Writing small data sets in the layouts that users have."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

MakeFolder = Callable[..., Path]


def save_pair(folder: Path, name: str, images: str, masks: str, top: int, seed: int) -> None:
    """Writes an image of noise and a mask of values 0..top and 255."""
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(5, 12)), int(rng.integers(5, 12))
    for kind in (images, masks):
        (folder / kind / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(folder / images / f"{name}.jpg")
    mask = rng.integers(0, top + 2, (height, width))
    Image.fromarray(np.where(mask > top, 255, mask).astype(np.uint8)).save(folder / masks / f"{name}.png")

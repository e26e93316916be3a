"""Folders as people have them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.stages.conftest import project  # noqa: F401  (a fixture)

Make = Callable[..., Path]


def mask_of(value: int, frame: int = 0) -> NDArray[np.uint8]:
    """A mask of 8 x 10 pixels: a square of a value, framed by another."""
    mask = np.full((8, 10), frame, np.uint8)
    mask[2:6, 2:8] = value
    return mask


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes images/ and masks/ of the given arrays, and classes.txt where there are classes."""

    def made(masks: Sequence[NDArray[np.uint8]], classes: Sequence[str] = (), name: str = "photos") -> Path:
        folder = tmp_path / name
        for part in ("images", "masks"):
            (folder / part).mkdir(parents=True)
        for index, mask in enumerate(masks):
            noise = np.random.default_rng(index).integers(0, 256, (*mask.shape[:2], 3), np.uint8)
            Image.fromarray(noise).save(folder / "images" / f"p{index}.jpg")
            Image.fromarray(mask).save(folder / "masks" / f"p{index}.png")
        if classes:
            (folder / "classes.txt").write_text("\n".join(classes) + "\n", encoding="utf-8")
        return folder

    return made

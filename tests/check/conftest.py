"""A small prepared data set with everything that should be noticed."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from groupseg.check.survey import Survey, survey
from groupseg.datasets.sample import Sample
from groupseg.datasets.writer import write_samples

CLASSES = ("cat", "dog", "<b>sky</b>", "unicorn")


def photograph(seed: int, size: tuple[int, int] = (60, 80)) -> NDArray[np.uint8]:
    """Draws something smooth, as photographs are and noise is not."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.BICUBIC))


def labelled(seed: int, *labels: int, name: str = "", image: NDArray[np.uint8] | None = None) -> Sample:
    """An image with a stripe for each label."""
    pixels = photograph(seed) if image is None else image
    stripes = np.linspace(0, len(labels) - 1e-9, pixels.shape[0]).astype(int)
    mask = np.repeat(np.array(labels)[stripes][:, None], pixels.shape[1], axis=1)
    return Sample(f"k{seed}", pixels, mask, name or f"photo {seed}")


def smaller(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture at two thirds of its size."""
    return np.asarray(Image.fromarray(image).resize((53, 40), Image.Resampling.LANCZOS))


SPLITS = {
    "calib": [labelled(0, 0, 1), labelled(1, 0, 1, 2, 255), labelled(2, 255, name="nothing known")],
    "test": [
        labelled(3, 0, 1),
        labelled(4, 0, 2, 3),
        labelled(5, 3, 255),
        labelled(6, 0, name="the first again", image=smaller(photograph(0))),
        labelled(7, 0, name="within", image=photograph(3)),
    ],
}


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the data sets `pets`, in two splits, and `crossed`, in three folds."""
    root = tmp_path_factory.mktemp("project")
    origin = {"dataset": "pets", "format": "folder"}
    write_samples(root / "data/prepared/pets", CLASSES, True, SPLITS, origin)
    images = [labelled(seed, 1, 2) for seed in range(6)]
    images.append(labelled(6, 1, name="twin", image=smaller(photograph(2))))
    write_samples(root / "data/prepared/crossed", CLASSES[:2], False, {"test": images}, {"format": "scenes"}, 3)
    return root


@pytest.fixture(scope="session")
def pets(root: Path) -> Survey:
    return survey(root, "pets")


@pytest.fixture(scope="session")
def crossed(root: Path) -> Survey:
    return survey(root, "crossed")

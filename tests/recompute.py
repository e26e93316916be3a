"""Recomputes mIoU pixel by pixel, from label maps and ground truth alone: `python -m tests.recompute scenes20`.

Shares no code with the package. Reads the masks of the test images, the map of segments of each, the labels that each
strategy gave them, and compares with results/<run>/metrics.
"""

import io
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file

IGNORED = 255
TOLERANCE = 1e-6


def main(dataset: str, run: str = "scenes") -> None:
    """Prints both figures of each strategy; exits with 1 where they differ."""
    recorded = recorded_figures(Path(), dataset, run)
    found = recompute(Path(), dataset, run)
    for name, figure in found.items():
        print(f"{name:20} {recorded[name]:.6f} {figure:.6f}")
    if off := [name for name, figure in found.items() if abs(figure - recorded[name]) > TOLERANCE]:
        raise SystemExit(f"These differ: {', '.join(off)}")


def recorded_figures(folder: Path, dataset: str, run: str) -> dict[str, float]:
    """Reads the mIoU of each strategy, and of the label oracle."""
    metrics = json.loads((folder / f"results/{run}/metrics/{dataset}.json").read_text())
    figures = {name: figure["miou"] for name, figure in metrics["strategies"].items()}
    return {**figures, "oracle.label": metrics["oracle"]["label"]["miou"]}


def recompute(folder: Path, dataset: str, run: str) -> dict[str, float]:
    """Computes them again."""
    labels = load_file(folder / f"data/predictions/{run}/{dataset}.safetensors")
    classes = json.loads((folder / f"data/prepared/{dataset}/classes.json").read_text())["classes"]
    count = len(classes) + 1
    confusion = {name: np.zeros((count, count), np.int64) for name in labels}
    first = 0
    for mask, segments in zip(masks(folder, dataset), maps(folder, dataset), strict=True):
        rows = slice(first, first := first + int(segments.max()) + 1)
        known = mask != IGNORED
        for name, given in labels.items():
            predicted = given[rows][segments]
            pairs = mask[known].astype(np.int64) * count + predicted[known]
            confusion[name] += np.bincount(pairs, minlength=count * count).reshape(count, count)
    assert all(len(given) == first for given in labels.values())
    return {name: miou(matrix) for name, matrix in confusion.items()}


def miou(confusion: np.ndarray) -> float:
    """The mean of intersection over union of each label that occurs; rows are true labels."""
    right, either = np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1) - np.diag(confusion)
    return float((right[either > 0] / either[either > 0]).mean())


def masks(folder: Path, dataset: str) -> Iterator[np.ndarray]:
    """Yields the true labels of each test image."""
    for shard in sorted((folder / f"data/prepared/{dataset}").glob("test-*.tar")):
        yield from (image for name, image in pictures(shard) if name.endswith(".mask.png"))


def maps(folder: Path, dataset: str) -> Iterator[np.ndarray]:
    """Yields the number of the segment that each pixel of a test image is in."""
    yield from (image for _, image in pictures(folder / f"data/segments/{dataset}/test/maps.tar"))


def pictures(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the PNG files of an archive, in order."""
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".png") and (file := archive.extractfile(member)):
                yield member.name, np.array(Image.open(io.BytesIO(file.read())))


if __name__ == "__main__":
    main(*sys.argv[1:])

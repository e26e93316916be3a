"""What the segment table saves: the mIoU of every single threshold, against one pass over all pixels per threshold.

    python -m benchmarks.threshold_curve --images 400 --classes 20 --size 96

Draws random segments, labels and scores; no data set and no model is needed. Prints how many times as long label maps
take, with `numpy.bincount` and with torchmetrics, after checking that all three agree.
"""

import argparse
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torchmetrics.functional.classification import multiclass_jaccard_index

from benchmarks.timing import timed
from groupseg.metrics.confusion import Counts, confusion_from_maps
from groupseg.metrics.curve import Curve, threshold_curve
from groupseg.metrics.iou import mean_iou

SEGMENTS, IGNORE, MEASURED = 8, 255, 5

Maps = NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=400, help="number of images")
    parser.add_argument("--classes", type=int, default=20, help="number of classes, without background")
    parser.add_argument("--size", type=int, default=96, help="side of the images in pixels")
    args = parser.parse_args()

    random = np.random.default_rng(0)
    segments, truth = draw_maps(random, args.images, args.classes, args.size)
    count = args.images * SEGMENTS
    label, score = random.integers(1, args.classes + 1, count), random.random(count)
    building, histogram = timed(lambda: count_labels(segments, truth, count, args.classes))
    whole, curve = min(
        (timed(lambda: threshold_curve(label, score, histogram)) for _ in range(5)), key=lambda run: run[0]
    )
    thresholds = len(curve.thresholds)
    print(f"{args.images} images of {args.size} x {args.size} pixels, {args.classes} classes, {count} segments")
    print(f"segment table: {whole:.4g} s for all {thresholds} thresholds, after {building:.3g} s to count its pixels")

    def from_maps(threshold: float) -> float:
        painted = np.where(score >= threshold, label, 0)[segments]
        matrix = confusion_from_maps(truth, painted, args.classes, IGNORE)
        return float(mean_iou(Counts(np.diagonal(matrix), matrix.sum(axis=0), matrix.sum(axis=1))))

    target = torch.tensor(truth)

    def by_torchmetrics(threshold: float) -> float:
        painted = torch.tensor(np.where(score >= threshold, label, 0)[segments])
        return float(multiclass_jaccard_index(painted, target, args.classes + 1, "macro", IGNORE))

    ways = {"numpy.bincount": (from_maps, 1e-12), "torchmetrics": (by_torchmetrics, 1e-6)}
    for name, (single, tolerance) in ways.items():
        each, difference = measure(single, curve)
        if difference > tolerance:
            raise SystemExit(f"{name} differs by {difference:.3g} from the table")
        seconds = each * thresholds
        print(
            f"label maps with {name}: {seconds:.4g} s = {thresholds} x {each:.3g} s ({MEASURED} thresholds measured), "
            f"{seconds / whole:,.0f} times as long, or {seconds / (building + whole):,.0f} times with counting; "
            f"mIoU differs by {difference:.1g} at most"
        )


def measure(single: Callable[[float], float], curve: Curve) -> tuple[float, float]:
    """Returns the seconds that one threshold takes, and the largest difference to the curve."""
    some = np.linspace(0, len(curve.thresholds) - 1, MEASURED).round().astype(int)
    single(curve.thresholds[0])  # the first call pays for what later calls find ready
    seconds, values = timed(lambda: [single(curve.thresholds[index]) for index in some])
    return seconds / MEASURED, float(np.abs(curve.miou[some] - values).max())


def draw_maps(random: np.random.Generator, images: int, classes: int, size: int) -> tuple[Maps, Maps]:
    """Draws maps [images, size, size] of segments, numbered through all images, and of true labels.

    Segments and true objects are the cells around random points.
    """
    segments = cells(random, images, size) + SEGMENTS * np.arange(images)[:, None, None]
    objects = cells(random, images, size) + SEGMENTS * np.arange(images)[:, None, None]
    truth = random.integers(0, classes + 1, images * SEGMENTS)[objects]
    truth[random.random(truth.shape) < 0.05] = IGNORE
    return segments, truth


def cells(random: np.random.Generator, images: int, size: int) -> Maps:
    """Draws for each image which of `SEGMENTS` random points each pixel is nearest to."""
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), axis=-1)
    points = random.uniform(0, size, (images, SEGMENTS, 2))
    return np.stack([((grid[:, :, None] - own) ** 2).sum(axis=-1).argmin(axis=-1) for own in points])


def count_labels(segments: Maps, truth: Maps, count: int, classes: int) -> csr_array:
    """Counts the true labels under each of `count` segments."""
    labelled = truth != IGNORE
    index = segments[labelled] * (classes + 1) + truth[labelled]
    return csr_array(np.bincount(index, minlength=count * (classes + 1)).reshape(count, classes + 1))


if __name__ == "__main__":
    main()

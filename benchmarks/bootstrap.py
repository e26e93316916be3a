"""What intervals and fits cost at the size of real data sets, in seconds and in memory.

    python -m benchmarks.bootstrap --images 1449 --classes 20 --strategies 12 --resamples 2000

Draws random segments; no data set and no model is needed. Times the paired bootstrap, all pairs compared included,
against a loop that draws images and adds up their counts, after checking that both agree. Then fits strategies on
5,000 images of 171 classes, in processes of their own, and prints the most memory that each had. Exits with an error if
a limit is passed: 5 seconds, 4 GiB.
"""

import argparse
import multiprocessing
import resource
import sys
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.timing import timed
from groupseg.metrics.bootstrap import bootstrap_miou, resample_weights
from groupseg.metrics.confusion import Counts
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.pairs import compare_pairs
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.registry import build

SEGMENTS, WIDTH, MEASURED = 8, 384, 50
MOST_SECONDS, MOST_MIB = 5, 4096
FITTED: list[dict[str, Any]] = [{"rule": "threshold"}, {"rule": "per_class"}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1449, help="number of images")
    parser.add_argument("--classes", type=int, default=20, help="number of classes, without background")
    parser.add_argument("--strategies", type=int, default=12, help="number of strategies")
    parser.add_argument("--resamples", type=int, default=2000, help="number of resamples")
    args = parser.parse_args()

    random = np.random.default_rng(0)
    truth = random.integers(0, 5000, (args.images, args.classes + 1))
    counts = {str(name): draw_counts(random, truth) for name in range(args.strategies)}
    whole, resampled = timed(lambda: compare(counts, args.resamples))
    some = min(MEASURED, args.resamples)
    part, expected = timed(lambda: loop(counts, some))
    difference = max(float(np.abs(resampled[name][:some] - values).max()) for name, values in expected.items())
    if difference > 1e-12:
        raise SystemExit(f"the loop differs by {difference:.3g}")
    looped = part * args.resamples / some
    print(f"{args.images} images, {args.classes} classes and background, {args.strategies} strategies")
    print(f"paired bootstrap: {whole:.3g} s for {args.resamples} resamples and all pairs")
    print(
        f"loop over resamples: {looped:.3g} s ({some} measured), {looped / whole:.3g} times as long; "
        f"mIoU differs by {difference:.1g} at most"
    )
    limit("the paired bootstrap", whole, MOST_SECONDS, "s")

    # A fresh process for each: the most memory that a process ever had is all that can be asked for.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for params in FITTED:
            seconds, peak = pool.apply(fit, (params,))
            print(
                f"fit of {params['rule']} on 5000 images, 40000 segments, 171 classes: {seconds:.3g} s, {peak:.0f} MiB"
            )
            limit(f"the fit of {params['rule']}", peak, MOST_MIB, "MiB")


def compare(counts: dict[str, Counts], resamples: int) -> dict[str, np.ndarray]:
    """Resamples all strategies and compares all pairs; returns their mIoU, [B] each."""
    weights = resample_weights(len(counts["0"].truth), resamples, seed=0)
    resampled = {name: bootstrap_miou(count, weights) for name, count in counts.items()}
    compare_pairs(resampled)
    return {name: figure.drawn for name, figure in resampled.items()}


def loop(counts: dict[str, Counts], resamples: int) -> dict[str, np.ndarray]:
    """The same mIoU, one resample and one strategy at a time."""
    random = np.random.default_rng(0)
    images = len(counts["0"].truth)
    values: dict[str, list[float]] = {name: [] for name in counts}
    for _ in range(resamples):
        drawn = random.integers(0, images, images)
        for name, count in counts.items():
            total = Counts(count.tp[drawn], count.predicted[drawn], count.truth[drawn]).total()
            values[name].append(float(mean_iou(total)))
    return {name: np.array(own) for name, own in values.items()}


def draw_counts(random: np.random.Generator, truth: np.ndarray) -> Counts:
    """Draws right and wrong pixels of a strategy for true pixels [N, C + 1]."""
    tp = (truth * random.random(truth.shape)).astype(np.int64)
    return Counts(tp, tp + random.permuted(truth - tp, axis=1), truth)


def fit(params: dict[str, Any], images: int = 5000, classes: int = 171) -> tuple[float, float]:
    """Fits a strategy on random segments; returns the seconds it takes, and the peak memory of the process in MiB."""
    table, vocabulary = draw_table(np.random.default_rng(0), images, classes)
    seconds, _ = timed(lambda: build(params).fit(table, vocabulary))
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 if sys.platform == "linux" else 1024**2
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def draw_table(random: np.random.Generator, images: int, classes: int) -> tuple[SegmentTable, Vocabulary]:
    """Draws segments of three labels each, with embeddings near the text of the first."""
    count = images * SEGMENTS
    text = unit(random.normal(size=(classes, WIDTH)))
    labels = random.integers(0, classes + 1, (count, 3))
    pixels = random.integers(1, (5000, 500, 500), (count, 3))
    towards = np.concatenate([np.zeros((1, WIDTH)), text])[labels[:, 0]]
    table = SegmentTable(
        image=np.repeat(np.arange(images, dtype=np.int32), SEGMENTS),
        embedding=unit(towards + 0.1 * random.normal(size=towards.shape)),
        area=pixels.sum(axis=1),
        histogram=csr_array((pixels.ravel(), (np.repeat(np.arange(count), 3), labels.ravel())), (count, classes + 1)),
        image_embedding=unit(random.normal(size=(images, WIDTH))),
        keys=tuple(map(str, range(images))),
        classes=tuple(f"class{label}" for label in range(classes)),
        text_mean=np.zeros(WIDTH, np.float32),
        scale=20.0,
        background=np.zeros((0, WIDTH), np.float32),
        with_background=True,
        protocol={},
    )
    return table, Vocabulary(table.classes, table.classes, text, text[None], {})


def unit(array: np.ndarray) -> np.ndarray:
    """L2-normalises rows."""
    return (array / np.linalg.norm(array, axis=1, keepdims=True)).astype(np.float32)


def limit(what: str, value: float, most: float, name: str) -> None:
    """Ends with an error if a value is above its limit."""
    if value > most:
        raise SystemExit(f"Expected {what} to take at most {most} {name}, but it took {value:.4g} {name}.")


if __name__ == "__main__":
    main()

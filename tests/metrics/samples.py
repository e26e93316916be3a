"""Counts of images in which few show a class, large ones are found more often, and wrong pixels are in many places.

So the mIoU of a few images is too low on average, by more than half of its standard deviation, as on drawn scenes of 80
classes.
"""

import numpy as np

from groupseg.metrics.confusion import Counts

SIZE = 9216  # pixels of an image


def population(images: int, classes: int, seed: int) -> tuple[Counts, Counts]:
    """Draws counts [N, C + 1] of two strategies; the second takes more for background."""
    random = np.random.default_rng(seed)
    frequency = np.arange(1, classes + 1) ** -0.3
    shows = random.random((images, classes)) < 4.9 * frequency / frequency.sum()
    area = np.exp(random.normal(5.9, 0.6, shows.shape)).clip(1, 2200)
    # A crowded image has no room for all.
    room = np.minimum(1, 0.9 * SIZE / np.maximum((shows * area).sum(axis=1, keepdims=True), 1))
    truth = (shows * area * room).astype(np.int64)
    chance = random.uniform(0.05, 0.6, classes) * np.minimum(2 * area / (area + 300), 1.5)
    found = shows & (random.random(shows.shape) < chance)
    tp = (truth * found * random.beta(5, 2, shows.shape)).astype(np.int64)
    wrong = (random.random(shows.shape) < 0.2) * random.exponential(40, shows.shape)
    predicted = tp + wrong.astype(np.int64)
    accepted = random.random(shows.shape) < area / 400
    return _counts(tp, predicted, truth), _counts(tp * accepted, predicted * accepted, truth)


def chosen(counts: Counts, rows: np.ndarray) -> Counts:
    """The counts of some images."""
    return Counts(counts.tp[rows], counts.predicted[rows], counts.truth[rows])


def _counts(*classes: np.ndarray) -> Counts:
    """Adds the background: what is not of a class; wrong pixels of classes are taken from it."""
    tp, predicted, truth = classes
    rest = [SIZE - part.sum(axis=1) for part in (predicted, truth)]
    right = np.minimum(*rest) - (predicted - tp).sum(axis=1)
    columns = zip((right.clip(0), *rest), classes, strict=True)
    return Counts(*(np.column_stack([first, others]) for first, others in columns))

"""Random segment tables with the label maps they come from, shared by the tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.metrics.confusion import confusion_from_maps, image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.networks.frame import Windows
from groupseg.segments.overlay import overlay
from groupseg.segments.parts import Parts
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary, WordList

IGNORE = 255


@dataclass(frozen=True)
class Case:
    """A table, and for each of its images the map of true labels and the map of table rows."""

    table: SegmentTable
    vocabulary: Vocabulary
    truth: NDArray[np.int64]
    segments: NDArray[np.int64]

    @property
    def text(self) -> NDArray[np.float32]:
        """The class texts."""
        return self.vocabulary.text

    def predicted(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Paints the labels of the segments into label maps."""
        return labels[self.segments]


def vocabulary(classes: Sequence[str], text: NDArray[np.float32], seed: int = 0) -> Vocabulary:
    """Class texts, three templates that each say a little else, and two lists of words that lie anywhere."""
    random = np.random.default_rng([seed, len(classes)])
    width = text.shape[1]
    ensemble = unit(text + 0.2 * random.normal(size=(3, *text.shape)))
    lists = {
        name: WordList(tuple(f"{name}{word}" for word in range(count)), unit(random.normal(size=(count, width))))
        for name, count in {"sclip": 4, "clip_es": 3, "absent": 6}.items()
    }
    return Vocabulary(tuple(classes), tuple(classes), text, ensemble, lists)


def unit(array: NDArray[np.float64]) -> NDArray[np.float32]:
    """L2-normalises rows."""
    normalised: NDArray[np.float64] = array / np.linalg.norm(array, axis=-1, keepdims=True)
    return normalised.astype(np.float32)


def random_case(
    seed: int,
    images: int = 4,
    classes: int = 3,
    per_image: int = 5,
    size: int = 8,
    width: int = 6,
    ignored: float = 0.1,
    noise: float = 0.6,
    background: bool = True,
    vectors: int = 0,
) -> Case:
    """Draws images of random segments whose embeddings lean towards the text of their commonest class.

    Background segments lean nowhere, so that their best scores are lower, but not always. Without
    `background` there is no true background pixel. `vectors` are the background vectors of the model, drawn apart, so
    that all else is the same with and without them.
    """
    random = np.random.default_rng(seed)
    text = unit(random.normal(size=(classes, width)))
    count = images * per_image
    segments = np.empty((images, size, size), dtype=np.int64)
    for image in range(images):
        # Each segment owns at least one pixel.
        pixels = np.append(np.arange(per_image), random.integers(0, per_image, size * size - per_image))
        segments[image] = random.permutation(pixels).reshape(size, size) + image * per_image
    lowest = 0 if background else 1
    main = random.integers(lowest, classes + 1, count)
    strays = random.random(segments.shape) < 0.2
    truth = np.where(strays, random.integers(lowest, classes + 1, segments.shape), main[segments])
    truth[random.random(segments.shape) < ignored] = IGNORE

    towards = np.concatenate([np.zeros((1, width)), text])[main]
    embedding = unit(towards + noise * random.normal(size=(count, width)))
    image_embedding = unit(embedding.reshape(images, per_image, width).mean(axis=1))
    table = SegmentTable(
        image=np.repeat(np.arange(images, dtype=np.int32), per_image),
        embedding=embedding,
        area=np.bincount(segments.ravel(), minlength=count),
        histogram=histogram(segments, truth, count, classes),
        image_embedding=image_embedding,
        keys=tuple(f"image{image}" for image in range(images)),
        classes=tuple(f"class{label}" for label in range(classes)),
        text_mean=np.zeros(width, dtype=np.float32),
        scale=10.0,
        background=unit(np.random.default_rng([seed, vectors]).normal(size=(vectors, width))),
        with_background=background,
        protocol={"dataset": "random", "split": "calib"},
    )
    return Case(table, vocabulary(table.classes, text), truth, segments)


def sliding_case(seed: int, images: int = 4, classes: int = 3, vectors: int = 0) -> Case:
    """Draws images of one size that are read through windows, 7 groups each; one of them owns no pixel."""
    random = np.random.default_rng(seed)
    plain = random_case(seed, images=images, classes=classes, vectors=vectors)
    frame = Windows(short=12, long=18, crop=8, stride=4)
    boxes, groups, width = frame.boxes(12, 18), 7, plain.text.shape[1]
    towards = np.concatenate([np.zeros((1, width)), plain.text])
    truth = np.empty((images, 12, 18), dtype=np.int64)
    segments = np.empty_like(truth)
    parts, count = [], 0
    for image in range(images):
        truth[image] = np.kron(random.integers(0, classes + 1, (3, 3)), np.ones((4, 6), dtype=np.int64))
        maps = [random.integers(0, groups - 1, (2, 2)).repeat(4, axis=0).repeat(4, axis=1) for _ in boxes]
        painted, members = overlay((12, 18), boxes, maps, [groups] * len(boxes))
        segments[image] = painted + count
        count += members.shape[0]
        main = random.integers(0, classes + 1, (len(boxes), groups))
        embedding = unit(towards[main] + 0.4 * random.normal(size=(*main.shape, width)))
        parts.append(
            Parts(
                window=np.repeat(np.arange(len(boxes), dtype=np.int32), groups),
                embedding=embedding.reshape(-1, width),
                window_image=np.zeros(len(boxes), dtype=np.int32),
                window_embedding=unit(embedding.mean(axis=1)),
                members=members,
            )
        )
    truth[random.random(truth.shape) < 0.1] = IGNORE
    together = Parts.concatenate(parts, [1] * images)
    table = replace(
        plain.table,
        image=np.repeat(np.arange(images, dtype=np.int32), [len(one.counts) for one in parts]),
        embedding=together.average(together.embedding).astype(np.float32),
        area=np.bincount(segments.ravel(), minlength=count),
        histogram=histogram(segments, truth, count, classes),
        image_embedding=unit(np.stack([one.window_embedding.mean(axis=0) for one in parts])),
        parts=together,
    )
    return Case(table, plain.vocabulary, truth, segments)


def large_table(seed: int, segments: int, classes: int, images: int) -> tuple[SegmentTable, Vocabulary]:
    """Draws a table of realistic size, without label maps, and its vocabulary."""
    random = np.random.default_rng(seed)
    text = unit(random.normal(size=(classes, 64)))
    share = np.append(1.0, 0.5 / np.arange(1, classes + 1))
    main = random.choice(classes + 1, segments, p=share / share.sum())
    towards = np.concatenate([np.zeros((1, 64)), text])[main]
    strength = np.append(0, random.uniform(0.5, 1.5, classes))[main, None]
    embedding = unit(strength * towards + 0.1 * random.normal(size=(segments, 64)))
    pixels = np.zeros((segments, classes + 1), dtype=np.int64)
    rows = np.arange(segments)
    np.add.at(pixels, (rows, main), random.integers(500, 5000, segments))
    for _ in range(3):
        stray = random.choice(classes + 1, segments, p=share / share.sum())
        np.add.at(pixels, (rows, stray), random.integers(0, 1000, segments))
    image = np.sort(random.integers(0, images, segments)).astype(np.int32)
    table = SegmentTable(
        image=image,
        embedding=embedding,
        area=pixels.sum(axis=1),
        histogram=csr_array(pixels),
        image_embedding=unit(random.normal(size=(images, 64))),
        keys=tuple(f"image{row}" for row in range(images)),
        classes=tuple(f"class{label}" for label in range(classes)),
        text_mean=np.zeros(64, dtype=np.float32),
        scale=20.0,
        background=np.zeros((0, 64), dtype=np.float32),
        with_background=True,
        protocol={},
    )
    return table, vocabulary(table.classes, text)


def histogram(segments: NDArray[np.int64], truth: NDArray[np.int64], count: int, classes: int) -> csr_array:
    """Counts true labels under segments pixel by pixel."""
    pixels = np.zeros((count, classes + 1), dtype=np.int64)
    kept = truth != IGNORE
    np.add.at(pixels, (segments[kept], truth[kept]), 1)
    return csr_array(pixels)


def permuted(case: Case, order: NDArray[np.int64]) -> Case:
    """Renames the classes: new class i is old class `order[i]`."""
    columns = np.append(0, order + 1)
    rank = np.argsort(columns)
    table = replace(
        case.table,
        histogram=csr_array(case.table.histogram.toarray()[:, columns]),
        classes=tuple(case.table.classes[index] for index in order),
    )
    truth = np.where(case.truth == IGNORE, IGNORE, rank[np.where(case.truth == IGNORE, 0, case.truth)])
    return Case(table, case.vocabulary.select(table.classes), truth, case.segments)


def as_background(table: SegmentTable, labels: Sequence[int]) -> SegmentTable:
    """The same with the pixels of some labels counted as background."""
    pixels = table.histogram.toarray()
    pixels[:, 0] += pixels[:, labels].sum(axis=1)
    pixels[:, labels] = 0
    return replace(table, histogram=csr_array(pixels))


def miou(table: SegmentTable, labels: NDArray[np.integer]) -> float:
    """The mIoU of labels [S] of the segments."""
    return float(mean_iou(image_counts(table, labels).total()))


def highest_miou(table: SegmentTable, label: NDArray[np.int32], score: NDArray[np.float64]) -> float:
    """The mIoU of the best threshold on the scores of candidates, by trying all that differ."""
    return max(miou(table, np.where(score >= cut, label, 0)) for cut in [*np.unique(score), np.inf])


def miou_from_maps(case: Case, labels: NDArray[np.int32]) -> float:
    """The mIoU of labels [S] of the segments, counted pixel by pixel."""
    confusion = confusion_from_maps(case.truth, case.predicted(labels), len(case.vocabulary.classes))
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - confusion.diagonal()
    return float((confusion.diagonal()[union > 0] / union[union > 0]).mean())

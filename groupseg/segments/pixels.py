"""Segment tables of methods that score every pixel for itself, such as from arrays: no network, no params.yaml.

A segment is the pixels of an image that have the same best class and about the same probability of it. Its embedding is
what the method says of the classes, as logits, and the text of a class is the unit vector along its own logit: with
that, every rule that looks at scores reads the method's own. Rules that need words, templates or vectors of a text
encoder have nothing to read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, vstack

from groupseg.datasets.content import pixel_digest
from groupseg.datasets.sample import Sample, ignore_value
from groupseg.errors import UserError
from groupseg.segments.overlay import Map, compact
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary

if TYPE_CHECKING:  # arrays alone need none of it
    from torch import Tensor

Kind = Literal["logits", "probabilities"]
Probabilities = NDArray[np.float64]

# Probabilities below this one are taken for it, as logits must be finite.
LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Scored:
    """Images whose every pixel has scores.

    Attributes:
        table: Their segments.
        vocabulary: The classes.
        maps: Of each image, int [H, W], the row in `table` of the segment of each pixel.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> scored.label_map(0, np.array([0, 1, 1, 2]))  # the background, two segments of cat, one of sofa
        array([[1, 1, 0, 2]])
    """

    table: SegmentTable
    vocabulary: Vocabulary
    maps: tuple[Map, ...]

    def label_map(self, image: int, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        """Turns labels of segments, [S], into those of the pixels of an image, [H, W]."""
        return np.asarray(labels[self.maps[image]])


def from_scores(
    scores: Iterable[ArrayLike],
    masks: Iterable[ArrayLike],
    classes: Sequence[str],
    *,
    kind: Kind = "logits",
    with_background: bool = True,
    steps: int = 4096,
) -> Scored:
    """Makes a segment table of what any method says of every pixel.

    What a segment is said to be is the mean of its pixels, whose probabilities of the best class are less than
    1 / `steps` apart: a threshold cannot tell them. Pixels keep their best class. An image has at most `steps` times as
    many segments as classes, and never more than pixels; each takes 4 bytes a class.

    Args:
        scores: Of each image, float [C, h, w]. Where that is not the size of the mask, probabilities are brought to it
            bilinearly.
        masks: Of each image, int [H, W], the true labels: 0 = background, c = entry c - 1 of `classes`, 255 = unknown
            (65535 above 254 classes).
        classes: Names of the C classes, without background.
        kind: "logits", of which the softmax is taken, or "probabilities", which add up to 1 over the classes.
        with_background: Whether label 0 is a label of the data set.
        steps: How finely probabilities are told apart.

    Raises:
        UserError: If there is no image, the numbers of scores and masks differ, a shape does not fit, a score is not
            finite, a label is out of range, or probabilities are none.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> scored.maps[0]  # the pixels that are sofa come last
        array([[2, 1, 0, 3]])
        >>> scored.table.histogram.toarray()  # true labels under each segment
        array([[1, 0, 0],
               [0, 1, 0],
               [0, 1, 0],
               [0, 0, 1]])
    """
    maps, found = [], []
    for row, (own, mask) in enumerate(_paired(scores, masks)):
        where = f"image {row}"
        truth = _checked_mask(np.asarray(mask), len(classes), where)
        shares = resized(probabilities(np.asarray(own), len(classes), kind, where), truth.shape)
        segments, mean = pixel_segments(shares, steps)
        maps.append(segments)
        found.append(_described(segments, mean, truth, len(classes)))
    if not maps:
        raise UserError("There are no scores. Give an array [classes, height, width] for each image.")
    keys = tuple(map(str, range(len(maps))))
    protocol = {"scores": f"of every pixel, told apart in {steps} steps of probability"}
    logits = np.concatenate([image.logits for image in found])
    table = _table(found, logits, keys, classes, with_background, protocol)
    first = np.searchsorted(table.image, np.arange(len(maps)))
    return Scored(table, score_vocabulary(table), tuple(own + start for own, start in zip(maps, first, strict=True)))


def build_score_table(
    scores: "Callable[[Sample], Tensor]",
    samples: Iterable[Sample],
    classes: Sequence[str],
    with_background: bool,
    protocol: Mapping[str, str],
    keep_map: Callable[[str, Map], None],
    steps: int,
) -> SegmentTable:
    """Scores the pixels of labelled images; what it takes besides is that of `groupseg.segments.build.build_table`.

    Args:
        scores: From a labelled image to probabilities: [C, H, W], or [1 + C, H, W] where the background has
            scores, which come first. They need not add up to 1.
        samples: Labelled images; read once, in order.
        classes: Names without background.
        with_background: Whether label 0 is a label of the data set.
        protocol: What made the table; it says what the "scores" are.
        keep_map: Called with the key and the segment map of each image, in order.
        steps: How finely probabilities are told apart.

    Raises:
        UserError: If there is no image, or the scores of one have another shape or are no probabilities.
    """
    found, keys, digests = [], [], []
    # Logits of all images would fill the memory.
    with TemporaryFile() as file:
        for sample in samples:
            own = _checked_planes(scores(sample).cpu().numpy(), len(classes), sample)
            segments, mean = pixel_segments(own, steps, with_background=len(own) > len(classes))
            keep_map(sample.key, segments)
            image = _described(segments, mean, sample.mask, len(classes))
            file.write(image.logits.tobytes())
            found.append(image._replace(logits=image.logits[:0]))
            keys.append(sample.key)
            digests.append(pixel_digest(sample.image))
        if not keys:
            split = f"{protocol['dataset']}: its {protocol['split']} split"
            raise UserError(f"{split} has no image. Run `dvc repro`, which prepares it.")
        file.flush()
        shape = (sum(len(image.area) for image in found), len(found[0].whole))
        logits = np.memmap(file, np.float32, "r", shape=shape)  # outlives the name of the file, which is gone
    return _table(found, logits, tuple(keys), classes, with_background, protocol, tuple(digests))


def _checked_planes(scores: NDArray[np.floating], classes: int, sample: Sample) -> NDArray[np.floating]:
    """Returns the scores of an image if they are probabilities of so many classes, with or without the background."""
    size = sample.image.shape[:2]
    if scores.shape not in {(classes, *size), (1 + classes, *size)}:
        raise UserError(
            f"image {sample.key!r}: expected scores of shape {(classes, *size)}, or {(1 + classes, *size)} with "
            f"those of the background first, but got {scores.shape}. Mend what makes them."
        )
    if not (scores.min() >= 0 and scores.max() <= 1 + 1e-4):  # also where one is no number
        raise UserError(
            f"image {sample.key!r}: its scores must be probabilities in 0..1, but lie in {scores.min():.3g}.."
            f"{scores.max():.3g}. Mend the weights of the model, or what else makes them."
        )
    return scores


class _Image(NamedTuple):
    """The segments of an image: logits [G, K], area [G], pixels of each true label, and the logits of all pixels, [K].

    Where the background has scores, they are the last of the K.
    """

    logits: NDArray[np.float32]
    area: NDArray[np.int64]
    histogram: csr_array
    whole: NDArray[np.float32]


def _described(segments: Map, mean: Probabilities, mask: NDArray[np.integer], classes: int) -> _Image:
    """Describes segments by the mean probabilities of their pixels, [G, C] or [G, 1 + C]."""
    area = np.bincount(segments.ravel(), minlength=len(mean))
    ordered = np.roll(mean, classes - mean.shape[1], axis=1)
    # The mean over the pixels of an image, from that over its segments.
    whole = area @ ordered / area.sum()
    return _Image(_logits(ordered), area, histogram(segments, mask, len(mean), classes), _logits(whole))


def _table(
    found: Sequence[_Image],
    logits: NDArray[np.float32],
    keys: tuple[str, ...],
    classes: Sequence[str],
    with_background: bool,
    protocol: Mapping[str, str],
    digests: tuple[str, ...] = (),
) -> SegmentTable:
    width = logits.shape[1]
    return SegmentTable(
        image=np.repeat(np.arange(len(found), dtype=np.int32), [len(image.area) for image in found]),
        embedding=logits,
        area=np.concatenate([image.area for image in found]),
        histogram=csr_array(vstack([image.histogram for image in found], format="csr")),
        image_embedding=np.stack([image.whole for image in found]),
        keys=keys,
        classes=tuple(classes),
        text_mean=np.zeros(width, dtype=np.float32),
        scale=1.0,
        background=np.eye(width, dtype=np.float32)[len(classes) :],
        with_background=with_background,
        protocol=dict(protocol),
        digests=digests,
    )


def score_vocabulary(table: SegmentTable) -> Vocabulary:
    """Makes the vocabulary of a table of scores: unit vectors, and no words beyond the names."""
    classes = table.classes
    text = np.eye(len(classes), len(table.text_mean), dtype=np.float32)
    return Vocabulary(classes=tuple(classes), words=tuple(classes), text=text, ensemble=text[None], lists={})


def pixel_segments(
    probabilities: NDArray[np.floating], steps: int, with_background: bool = False
) -> tuple[Map, Probabilities]:
    """Puts the pixels of an image together that share a best class and a step of its probability.

    Args:
        probabilities: [C, H, W], or [1 + C, H, W], the background first.
        steps: How many steps there are in 0..1.
        with_background: Whether the first is the background; then pixels also share whether it is above all classes,
            or as high.

    Returns:
        int [H, W], segments 0..G-1 by class and then by probability, each with a pixel; and the mean of the pixels of
        each, [G, C] or [G, 1 + C]. Its best class is theirs, for it is the best of every one of them, and so is what
        lies above it.
    """
    planes, *size = probabilities.shape
    pixels = probabilities.reshape(planes, -1)
    classes = pixels[1:] if with_background else pixels
    top = classes.max(axis=0)
    step = np.minimum((top.astype(np.float64) * steps).astype(np.intp), steps - 1)
    codes, bound = classes.argmax(axis=0) * steps + step, len(classes) * steps
    if with_background:
        codes, bound = 2 * codes + (pixels[0] >= top), 2 * bound
    segments, kept = compact(codes, bound)
    area = np.bincount(segments, minlength=len(kept))
    sums = np.stack([np.bincount(segments, weights=row, minlength=len(kept)) for row in pixels], axis=1)
    return segments.reshape(size), sums / area[:, None]


def _paired(scores: Iterable[ArrayLike], masks: Iterable[ArrayLike]) -> Iterator[tuple[ArrayLike, ArrayLike]]:
    try:
        yield from zip(scores, masks, strict=True)
    except ValueError as error:
        raise UserError(f"Scores and masks are not of the same images: {error}. Give one mask for each.") from error


def probabilities(
    scores: NDArray[Any], classes: int, kind: Kind, where: str, background: bool = False
) -> Probabilities:
    """Checks the scores of an image and turns them into probabilities, [C, h, w].

    Where `background` allows it, there may be one plane more, that of the background, which is the first.
    """
    if scores.ndim != 3 or len(scores) not in {classes, classes + background} or scores.size == 0:
        hint = "It may have one more, before them." if background else "Leave a plane for the background out."
        raise UserError(
            f"{where}: expected scores of shape ({classes}, height, width), one plane for each class, but got"
            f" {scores.shape}. {hint}"
        )
    exact = scores.astype(np.float64)
    if not np.isfinite(exact).all():
        raise UserError(f"{where}: {np.count_nonzero(~np.isfinite(exact))} scores are not finite. Mend them.")
    if kind == "logits":
        shares = np.exp(exact - exact.max(axis=0))
        return np.asarray(shares / shares.sum(axis=0))
    total = exact.sum(axis=0)
    if exact.min() < 0 or np.abs(total - 1).max() > 1e-3:
        raise UserError(
            f"{where}: these are no probabilities: they lie in {exact.min():.3g}..{exact.max():.3g}, and their sums"
            f' over the classes in {total.min():.3g}..{total.max():.3g}. Give logits, with kind="logits".'
        )
    return np.asarray(exact / total)


def _checked_mask(mask: NDArray[Any], classes: int, where: str) -> NDArray[np.int64]:
    known = mask[mask != ignore_value(classes)] if mask.ndim == 2 and mask.dtype.kind in "iu" else np.array([-1])
    if mask.size == 0 or (known.size and (known.min() < 0 or known.max() > classes)):
        raise UserError(
            f"{where}: expected a mask [height, width] of labels 0..{classes}, or {ignore_value(classes)} where the"
            f" label is not known, but got {mask.dtype} {mask.shape}{_span(mask)}. Mend it."
        )
    return mask.astype(np.int64)


def _span(mask: NDArray[Any]) -> str:
    return f" in {mask.min()}..{mask.max()}" if mask.size and mask.dtype.kind in "iuf" else ""


def resized(planes: Probabilities, size: tuple[int, ...]) -> Probabilities:
    """Brings probabilities to another size: bilinear, between the centres of pixels."""
    if planes.shape[1:] == size:
        return planes
    rows, columns = (_bilinear(*lengths) for lengths in zip(planes.shape[1:], size, strict=True))
    return np.asarray(rows @ planes @ columns.T)


def _bilinear(length: int, wanted: int) -> NDArray[np.float64]:
    """What each of the `wanted` pixels of a side takes from each of its `length`, [wanted, length]."""
    centre = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0, length - 1)
    return np.asarray(np.maximum(1 - np.abs(centre[:, None] - np.arange(length)), 0))


def histogram(segments: Map, mask: NDArray[np.integer], count: int, classes: int) -> csr_array:
    """Counts the true labels under each segment, [count, classes + 1]; sparse from the start, for there are many."""
    known = mask != ignore_value(classes)
    cells = (segments[known], mask[known].astype(np.intp))
    return csr_array((np.ones(len(cells[0]), np.int64), cells), shape=(count, classes + 1))


def _logits(probabilities: Probabilities) -> NDArray[np.float32]:
    return np.log(np.maximum(probabilities, LEAST)).astype(np.float32)

"""The only pass of the vision model: images in, segment table and segment maps out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from torch.nn import functional as F

from groupseg.datasets.sample import Sample, ignore_value
from groupseg.errors import UserError
from groupseg.model.groupvit import GroupViT
from groupseg.model.images import device, normalise, to_square
from groupseg.segments.table import SegmentTable

_BATCH = 32

Map = NDArray[np.intp]


class ImageSegments(NamedTuple):
    """The segments of one image.

    Attributes:
        map: int [H, W], the segment of each pixel at the original resolution, 0..G-1; every segment owns a pixel.
        embedding: float32 [G, D], L2-normalised.
        image_embedding: float32 [D], L2-normalised.
    """

    map: Map
    embedding: NDArray[np.float32]
    image_embedding: NDArray[np.float32]


def segment_images(model: GroupViT, images: Iterable[NDArray[np.uint8]]) -> Iterator[ImageSegments]:
    """Segments images, uint8 [H, W, 3] of any size, in order.

    The soft masks are brought to the original resolution before each pixel takes the strongest one, as in the official
    inference of GroupViT.
    """
    where = device()
    model = model.to(where).eval()
    iterator = iter(images)
    while batch := list(islice(iterator, _BATCH)):
        # Copied, because decoded images are read-only and torch wants to own what it wraps.
        squares = torch.stack([to_square(image.copy(), model.architecture.resolution) for image in batch])
        with torch.inference_mode():
            groups = model(normalise(squares.to(where)))
            embeddings = F.normalize(groups.segments.float(), dim=2).cpu().numpy()
            masks = groups.logits.softmax(dim=1)
        for image, mask, embedding, whole in zip(batch, masks, embeddings, groups.image.cpu().numpy(), strict=True):
            full = F.interpolate(mask[None], size=image.shape[:2], mode="bilinear", align_corners=False)[0]
            kept, compact = np.unique(full.argmax(dim=0).cpu().numpy(), return_inverse=True)
            yield ImageSegments(compact.reshape(image.shape[:2]), embedding[kept], whole)


def histogram(segments: Map, mask: NDArray[np.integer], count: int, classes: int) -> csr_array:
    """Counts the labels under each segment.

    Args:
        segments: int [H, W], 0..count-1.
        mask: int [H, W], 0..classes, or the ignore value.
        count: Segments of the image.
        classes: Classes without background.

    Returns:
        int64 [count, classes + 1]; ignored pixels are in none.
    """
    known = mask != ignore_value(classes)
    cells = segments[known] * (classes + 1) + mask[known]
    return csr_array(np.bincount(cells, minlength=count * (classes + 1)).reshape(count, classes + 1))


def build_table(
    model: GroupViT,
    samples: Iterable[Sample],
    classes: Sequence[str],
    with_background: bool,
    protocol: Mapping[str, str],
    keep_map: Callable[[str, Map], None],
) -> SegmentTable:
    """Runs the model over labelled images.

    Args:
        model: Whose segments they are.
        samples: Labelled images; read once, in order.
        classes: Names without background.
        with_background: Whether label 0 is a label of the data set.
        protocol: What made the table; see `SegmentTable`.
        keep_map: Called with the key and the segment map of each image, in order.

    Raises:
        UserError: If there is no image.
    """
    waiting: list[Sample] = []
    parts: list[ImageSegments] = []
    counts: list[csr_array] = []
    areas: list[NDArray[np.int64]] = []
    keys: list[str] = []
    for segments in segment_images(model, _images(samples, waiting)):
        sample = waiting.pop(0)
        keep_map(sample.key, segments.map)
        count = len(segments.embedding)
        counts.append(histogram(segments.map, sample.mask, count, len(classes)))
        areas.append(np.bincount(segments.map.ravel(), minlength=count))
        parts.append(segments)
        keys.append(sample.key)
    if not keys:
        split = f"{protocol['dataset']}: its {protocol['split']} split"
        raise UserError(f"{split} has no image. Run `dvc repro`, which prepares it.")
    return SegmentTable(
        image=np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.embedding) for part in parts]),
        embedding=np.concatenate([part.embedding for part in parts]),
        area=np.concatenate(areas),
        histogram=csr_array(vstack(counts, format="csr")),
        image_embedding=np.stack([part.image_embedding for part in parts]),
        keys=tuple(keys),
        classes=tuple(classes),
        text_mean=model.text_mean.cpu().numpy(),
        scale=model.scale("segment").item(),
        background=model.background[0].detach().cpu().numpy(),
        with_background=with_background,
        protocol=dict(protocol),
    )


def _images(samples: Iterable[Sample], waiting: list[Sample]) -> Iterator[NDArray[np.uint8]]:
    """Hands out the images, and keeps the samples until their segments are there."""
    for sample in samples:
        waiting.append(sample)
        yield sample.image

"""The only pass of the vision model: images in, segment table and segment maps out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from torch import Tensor
from torch.nn import functional as F

from groupseg.datasets.content import pixel_digest
from groupseg.datasets.sample import Sample, ignore_value
from groupseg.errors import UserError
from groupseg.networks.frame import Image, Square, Views
from groupseg.networks.protocol import Network, WindowSegments
from groupseg.refine.masks import refinement
from groupseg.refine.settings import UNREFINED, Refine
from groupseg.segments.overlay import Map, compact, nearest, overlay
from groupseg.segments.parts import Parts
from groupseg.segments.table import SegmentTable

# Images whose windows are read together, and windows in a batch. Rounding depends on what else is in a batch: images
# that are shared out among processes are shared out in blocks of so many, so that the bytes do not depend on the number
# of processes.
BLOCK = 32
_BATCH = 32

# Soft masks are brought to the size of a window in pieces of about so many values.
_VALUES = 2**26

# Masks that are refined need many times their memory.
_REFINED = 2**22

# The maps of all images would fill the memory.
_NO_MAP = np.empty((0, 0), dtype=np.intp)


class ImageSegments(NamedTuple):
    """The segments of one image.

    Attributes:
        map: int [H, W], the segment of each pixel at the original resolution, 0..G-1; every segment owns a pixel.
        embedding: float32 [G, D]; see `SegmentTable`.
        image_embedding: float32 [D], L2-normalised.
        parts: The groups of its windows; None where there is one window, and every segment is a group of it.
    """

    map: Map
    embedding: NDArray[np.float32]
    image_embedding: NDArray[np.float32]
    parts: Parts | None


def segment_images(network: Network, images: Iterable[Image], refine: Refine = UNREFINED) -> Iterator[ImageSegments]:
    """Segments images, uint8 [H, W, 3] of any size, in order.

    As in the official inference of GroupViT, soft masks are brought to the size of a window before each pixel takes the
    strongest one. The release then averages what windows say of a pixel, brings that to the size of the image
    bilinearly and decides; here a pixel of the image takes the segment under its centre.

    Args:
        network: Whose segments they are.
        images: Read once.
        refine: How masks are refined by the colours of a window, as the network reads it, before that.
    """
    iterator = iter(images)
    while block := list(islice(iterator, BLOCK)):
        views = [network.frame.views(image) for image in block]
        outputs = iter(_run(network, [window for view in views for window in view.windows]))
        for image, view in zip(block, views, strict=True):
            own = list(islice(outputs, len(view.windows)))
            segments = _assemble(view, own, (image.shape[0], image.shape[1]), refine)
            # In a square every group that owns a pixel is a segment, and the others have no say.
            yield segments._replace(parts=None) if isinstance(network.frame, Square) else segments


def _run(network: Network, windows: Sequence[Tensor]) -> list[WindowSegments]:
    """Runs the network over windows of any size, in batches of those of one size; each result is of one window."""
    by_size: dict[torch.Size, list[int]] = {}
    for row, window in enumerate(windows):
        by_size.setdefault(window.shape, []).append(row)
    found: dict[int, WindowSegments] = {}
    for same in by_size.values():
        for start in range(0, len(same), _BATCH):
            rows = same[start : start + _BATCH]
            with torch.inference_mode():
                output = network(torch.stack([windows[row] for row in rows]))
            found |= {row: WindowSegments(*(part[index] for part in output)) for index, row in enumerate(rows)}
    return [found[row] for row in range(len(windows))]


def _assemble(views: Views, windows: Sequence[WindowSegments], size: tuple[int, int], refine: Refine) -> ImageSegments:
    """Makes the segments of an image of what the network says of its windows."""
    groups = [len(window.embedding) for window in windows]
    maps = [
        hard_map(window.masks, box.size, refinement(refine, pixels.to(window.masks.device)))
        for window, box, pixels in zip(windows, views.boxes, views.windows, strict=True)
    ]
    segments, members = overlay(views.canvas, views.boxes, maps, groups)
    # A segment may lie between the pixels of a smaller image.
    full, kept = compact(nearest(segments, size), members.shape[0])
    whole = np.stack([window.image.float().cpu().numpy() for window in windows])
    parts = Parts(
        window=np.repeat(np.arange(len(windows), dtype=np.int32), groups),
        embedding=np.concatenate([window.embedding.float().cpu().numpy() for window in windows]),
        window_image=np.zeros(len(windows), dtype=np.int32),
        window_embedding=whole,
        members=members[kept],
    )
    mean = whole[0] if len(whole) == 1 else whole.mean(axis=0) / np.linalg.norm(whole.mean(axis=0))
    return ImageSegments(full, parts.average(parts.embedding[:]).astype(np.float32), mean, parts)


def hard_map(masks: Tensor, size: tuple[int, int], refined: Callable[[Tensor], Tensor] | None = None) -> Map:
    """Says which group each pixel of a window belongs to, int [*size]; `masks` as in `WindowSegments`, of one window.

    Of equally strong groups the first owns the pixel. `refined` is what `refinement` prepares for the window.
    """
    if masks.ndim == 2 and refined is None:
        return nearest(masks.cpu().numpy().astype(np.intp), size)
    count = len(masks) if masks.ndim == 3 else int(masks.max()) + 1
    step = max((_VALUES if refined is None else _REFINED) // (size[0] * size[1]), 1)
    best, owner = _strongest(_soft(masks, 0, min(step, count)), size, refined)
    for start in range(step, count, step):
        value, index = _strongest(_soft(masks, start, min(start + step, count)), size, refined)
        owner = torch.where(value > best, index + start, owner)
        best = torch.maximum(value, best)
    return owner.cpu().numpy().astype(np.intp, copy=False)


def _soft(masks: Tensor, start: int, end: int) -> Tensor:
    """Takes the soft masks of some groups, float32 [end - start, h, w]."""
    if masks.ndim == 3:
        return masks[start:end].float()
    return (masks == torch.arange(start, end, device=masks.device)[:, None, None]).float()


def _strongest(
    masks: Tensor, size: tuple[int, int], refined: Callable[[Tensor], Tensor] | None
) -> tuple[Tensor, Tensor]:
    """The highest of soft masks [G, h, w] at each pixel, and which it is: [*size] each."""
    own = masks if refined is None else refined(masks)
    best, owner = F.interpolate(own[None], size=size, mode="bilinear", align_corners=False)[0].max(dim=0)
    return best, owner


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
    network: Network,
    samples: Iterable[Sample],
    classes: Sequence[str],
    with_background: bool,
    protocol: Mapping[str, str],
    keep_map: Callable[[str, Map], None],
    refine: Refine = UNREFINED,
) -> SegmentTable:
    """Runs the network over labelled images.

    Args:
        network: Whose segments they are.
        samples: Labelled images; read once, in order.
        classes: Names without background.
        with_background: Whether label 0 is a label of the data set.
        protocol: What made the table; see `SegmentTable`.
        keep_map: Called with the key and the segment map of each image, in order.
        refine: See `segment_images`; the protocol names it, unless masks stay as they are.

    Raises:
        UserError: If there is no image.
    """
    waiting: list[Sample] = []
    found: list[ImageSegments] = []
    counts: list[csr_array] = []
    areas: list[NDArray[np.int64]] = []
    keys: list[str] = []
    digests: list[str] = []
    for segments in segment_images(network, _images(samples, waiting), refine):
        sample = waiting.pop(0)
        keep_map(sample.key, segments.map)
        count = len(segments.embedding)
        counts.append(histogram(segments.map, sample.mask, count, len(classes)))
        areas.append(np.bincount(segments.map.ravel(), minlength=count))
        found.append(segments._replace(map=_NO_MAP))
        keys.append(sample.key)
        digests.append(pixel_digest(sample.image))
    if not keys:
        split = f"{protocol['dataset']}: its {protocol['split']} split"
        raise UserError(f"{split} has no image. Run `dvc repro`, which prepares it.")
    return SegmentTable(
        image=np.repeat(np.arange(len(found), dtype=np.int32), [len(segments.embedding) for segments in found]),
        embedding=np.concatenate([segments.embedding for segments in found]),
        area=np.concatenate(areas),
        histogram=csr_array(vstack(counts, format="csr")),
        image_embedding=np.stack([segments.image_embedding for segments in found]),
        keys=tuple(keys),
        classes=tuple(classes),
        text_mean=network.text_mean,
        scale=network.scale,
        background=network.background,
        with_background=with_background,
        protocol={**protocol, **({} if refine == UNREFINED else {"refine": str(refine)})},
        parts=_all_parts(found),
        digests=tuple(digests),
    )


def _all_parts(found: Sequence[ImageSegments]) -> Parts | None:
    """Puts the parts of all images together, if they have any."""
    parts = [segments.parts for segments in found if segments.parts is not None]
    return Parts.concatenate(parts, [1] * len(parts)) if parts else None


def _images(samples: Iterable[Sample], waiting: list[Sample]) -> Iterator[Image]:
    """Hands out the images, and keeps the samples until their segments are there."""
    for sample in samples:
        waiting.append(sample)
        yield sample.image

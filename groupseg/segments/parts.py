"""What segments are made of where an image is read through windows: the groups of each window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.segments.rows import Index, Matrix, at


@dataclass(frozen=True, eq=False)
class Parts:
    """P groups of W windows of N images, those that own no pixel too, and which of them each of S segments is part of.

    The release of GroupViT (`segmentation/evaluation/group_vit_seg.py`) decides in each window by itself, where the
    clamp of its threshold looks at every group, and then averages what the windows over a pixel say. A segment is the
    pixels that share the same groups in all windows over them: the mean over the windows is the same for all of them.

    Attributes:
        window: [P] int32, row of the group's window in 0..W-1, non-decreasing.
        embedding: [P, D] float32, L2-normalised; of a file, `Rows`, as is `window_embedding`.
        window_image: [W] int32, row of the window's image, non-decreasing.
        window_embedding: [W, D] float32, L2-normalised.
        members: [S, P] float64 csr_array, 1 where the pixels of a segment lie in a group: one in each window over them.

    Raises:
        ValueError: If shapes do not fit together, windows are out of order, or a segment is part of no group, or of
            two groups of a window.
    """

    window: NDArray[np.int32]
    embedding: Matrix
    window_image: NDArray[np.int32]
    window_embedding: Matrix
    members: csr_array

    def __post_init__(self) -> None:
        """Checks that the arrays fit together."""
        groups, windows, width = len(self.window), len(self.window_image), self.embedding.shape[-1]
        shapes = {
            "embedding": (groups, width),
            "window_embedding": (windows, width),
            "members": (self.members.shape[0], groups),
        }
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"Expected `parts.{name}` of shape {shape}, but got {found}")
        for name, limit in {"window": windows, "window_image": 2**31}.items():
            if not is_ordered(getattr(self, name), limit):
                raise ValueError(f"Expected `parts.{name}` to be non-decreasing and in range, but it is not")
        place = self.segment * windows + self.window[self.members.indices]
        if np.any(self.members.data != 1) or np.any(self.counts < 1) or np.any(np.diff(place) <= 0):
            raise ValueError("Expected `parts.members` to hold a group of each window over a segment, but it does not")

    @property
    def counts(self) -> Index:
        """How many windows are over each segment, [S]."""
        return np.diff(self.members.indptr).astype(np.int64)

    @property
    def segment(self) -> Index:
        """The segment of each entry of `members`."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def average(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Takes the mean over the windows over each segment: from [P, ...] to [S, ...]."""
        counts = self.counts.reshape(-1, *(1,) * (values.ndim - 1))
        return np.asarray(self.members @ values.astype(np.float64)) / counts

    def check(self, image: NDArray[np.int32], images: int, width: int) -> None:
        """Raises ValueError unless these are the parts of segments of such images, [S] int32, and of such a width."""
        if self.embedding.shape[1] != width or len(self.counts) != len(image):
            found = f"{len(self.counts)} segments of width {self.embedding.shape[1]}"
            raise ValueError(f"Expected `parts` of {len(image)} segments of width {width}, but got those of {found}")
        own = self.window_image[self.window[self.members.indices]]
        if np.any(self.window_image >= images) or np.any(own != image[self.segment]):
            raise ValueError("Expected the parts of a segment to be groups of its image, but they are not")

    def between(self, segments: slice, first: int, end: int) -> Self:
        """Keeps the images first..end-1, which have these segments."""
        windows = slice(*np.searchsorted(self.window_image, [first, end]).tolist())
        groups = slice(*np.searchsorted(self.window, [windows.start, windows.stop]).tolist())
        indptr = self.members.indptr[segments.start : segments.stop + 1]
        held = self.members.indices[indptr[0] : indptr[-1]] - groups.start
        return type(self)(
            self.window[groups] - np.int32(windows.start),
            self.embedding[groups],
            self.window_image[windows] - np.int32(first),
            self.window_embedding[windows],
            memberships(held, np.diff(indptr), groups.stop - groups.start),
        )

    def subset(self, segments: Index, renumbered: NDArray[np.int32]) -> Self:
        """Keeps some segments, in this order.

        Args:
            segments: [M] rows of the segments to keep: all of the images that are kept.
            renumbered: [N], the new row of each image; -1 for those left out.
        """
        image, windows = _renumbered(renumbered[self.window_image])
        rank = np.full(len(self.window_image), -1, dtype=np.int32)
        rank[windows] = np.arange(len(windows))
        window, groups = _renumbered(rank[self.window])
        members = self.members[segments][:, groups]
        members.sort_indices()
        return type(self)(window, at(self.embedding, groups), image, at(self.window_embedding, windows), members)

    @classmethod
    def concatenate(cls, parts: "Sequence[Parts]", images: Sequence[int]) -> Self:
        """Puts those of several tables one after the other, tables of so many images each."""
        windows = _offsets([len(part.window_image) for part in parts])
        groups = _offsets([len(part.window) for part in parts])
        members = [part.members for part in parts]
        indices = np.concatenate([one.indices + start for one, start in zip(members, groups, strict=False)])
        counts = np.concatenate([part.counts for part in parts])
        window = [part.window + start for part, start in zip(parts, windows, strict=False)]
        image = [part.window_image + start for part, start in zip(parts, _offsets(images), strict=False)]
        return cls(
            np.concatenate(window).astype(np.int32),
            np.concatenate([part.embedding[:] for part in parts]),
            np.concatenate(image).astype(np.int32),
            np.concatenate([part.window_embedding[:] for part in parts]),
            memberships(indices, counts, groups[-1]),
        )

    def arrays(self, precision: str = "float32") -> dict[str, NDArray[Any]]:
        """What a file holds of them, by name, with embeddings of that precision."""
        return {
            "window": self.window.astype(np.int32),
            "embedding": np.asarray(self.embedding[:], precision),
            "window_image": self.window_image.astype(np.int32),
            "window_embedding": np.asarray(self.window_embedding[:], precision),
            "members.indptr": self.members.indptr.astype(np.int64),
            "members.indices": self.members.indices.astype(np.int32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Makes them of what `arrays` returned.

        Raises:
            ValueError, KeyError, TypeError: If it did not return that.
        """
        fields = dict(arrays)
        indptr, indices = fields.pop("members.indptr"), fields.pop("members.indices")
        members = memberships(indices, np.diff(indptr), len(fields["window"]))
        members.check_format(full_check=True)
        return cls(members=members, **fields)


def memberships(groups: NDArray[np.integer], counts: NDArray[np.integer], total: int) -> csr_array:
    """Makes `Parts.members`, [S, P].

    Args:
        groups: The groups of all segments, one segment after the other.
        counts: [S], how many of them each has.
        total: P.
    """
    indptr = np.append(0, np.cumsum(counts))
    return csr_array((np.ones(len(groups)), groups, indptr), shape=(len(counts), total))


def is_ordered(rows: NDArray[np.int32], count: int) -> bool:
    """Whether rows never fall, and are in 0..count-1."""
    return not len(rows) or bool(rows[0] >= 0 and rows[-1] < count and np.all(np.diff(rows) >= 0))


def _renumbered(rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], Index]:
    """Sorts new rows, and leaves out what has none (-1): the sorted ones, and where each comes from."""
    kept = np.argsort(rows, kind="stable")[np.count_nonzero(rows < 0) :]
    return rows[kept], kept


def _offsets(counts: Sequence[int]) -> list[int]:
    """Where each begins, and where all end."""
    return [0, *np.cumsum(counts).tolist()]

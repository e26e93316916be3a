"""What is known of the shards written so far: how much there is, and what may not come twice."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.audit import LabelCounts
from groupseg.datasets.labelled import Remark
from groupseg.datasets.notes import together
from groupseg.datasets.shard_file import Shard


@dataclass
class SplitTally:
    """What is known of a split once it is written; `reasons` say why images are in none of its shards.

    `labelled` are the keys of the images of which any pixel is labelled. `pixels`, `holding`, `ignored` and `remarks`
    are those of its shards, see `Shard`.
    """

    images: int = 0
    labelled: list[str] = field(default_factory=list)
    pixels: NDArray[np.int64] | int = 0
    holding: NDArray[np.int64] | int = 0
    ignored: int = 0
    remarks: list[Remark] = field(default_factory=list)
    shards: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def add(self, shard: Shard) -> None:
        """Counts a shard."""
        self.images += len(shard.marks)
        self.labelled += [mark.key for mark in shard.marks if mark.labelled]
        self.pixels = self.pixels + shard.pixels
        self.holding = self.holding + shard.holding
        self.remarks += shard.remarks
        self.shards[shard.file] = shard.sha256
        self.reasons += shard.unusable
        self.ignored += shard.ignored

    def counts(self, classes: int) -> LabelCounts:
        """Returns what was counted, of a data set of so many classes."""
        pixels, holding = np.zeros(classes + 1, np.int64), np.zeros(classes + 2, np.int64)
        if self.images:
            pixels, holding = pixels + self.pixels, holding + self.holding
        return LabelCounts(self.images, pixels, holding, self.ignored, self.remarks)


class WrittenImages:
    """The keys and pictures written so far.

    Attributes:
        faults: What is there twice and may not be, a sentence each.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []
        self._keys: set[str] = set()
        self._pictures: dict[bytes, tuple[str, str]] = {}

    def add(self, shard: Shard) -> None:
        """Notes the images of a shard."""
        for mark in shard.marks:
            if mark.key in self._keys:
                self.faults.append(f"image {mark.name!r} comes twice in the data set. List it in one split, once.")
            self._keys.add(mark.key)
            if not mark.picture:
                continue
            other, name = self._pictures.setdefault(mark.picture, (shard.split, mark.name))
            if other != shard.split:
                self.faults.append(
                    f"image {name!r} of the {other} split and {mark.name!r} of the {shard.split} split are the same"
                    " picture. Take one out: what is fitted on an image must not be judged on it."
                )

    def check(self) -> None:
        """Raises UserError if a key is there twice, or the same pixels lie in two splits."""
        if self.faults:
            raise together(self.faults, f"{len(self.faults):,} images are there twice.")

"""Reading some images of a split, where several processes share it out."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from groupseg.datasets.sample import Sample
from groupseg.datasets.shards import Files, _read, _sample, _shards


def read_share(folder: Path, split: str, wanted: Callable[[int], bool]) -> Iterator[Sample]:
    """Yields the labelled images that are wanted, as `read_samples` does, and decodes no other.

    Args:
        folder: The prepared data set.
        split: "calib" or "test".
        wanted: Whether an image is, by its number in the split, from 0.

    Raises:
        UserError: If the split is missing or damaged.
    """
    numbers = count()

    def decode(key: str, files: Files) -> Sample | None:
        return _sample(key, files) if wanted(next(numbers)) else None

    for shard in _shards(folder, split):
        yield from (sample for sample in _read(shard, decode) if sample is not None)

"""Shards of the images of a data set, written by several processes, in a folder that is there as a whole or not at all.

Equal input gives equal bytes, with any number of processes: what goes into a shard depends on the images alone, and
each is written by one process.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import TypeVar

from groupseg.datasets.entry import Entry, Unusable
from groupseg.datasets.shard_file import Shard, write_shard
from groupseg.datasets.tally import SplitTally, WrittenImages
from groupseg.errors import UserError
from groupseg.parallel import in_order

# Bytes; more than an image of 5 million pixels has, and half of the most that glibc heeds.
_LARGE = 2**24

_T = TypeVar("_T")

# Told how many images more are done.
Progress = Callable[[int], object]

# A shard to be written: its split, its path, and what its images are made from.
_Job = tuple[str, Path, Iterable[_T]]


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `folder` when the block ends well, and goes when not."""
    # A fixed name: what a killed run left is found and removed by the next.
    temporary = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"Cannot write {folder}: {reason}. Free the space or the permission and run again.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_splits(
    folder: Path,
    splits: Mapping[str, Iterable[_T]],
    entry: Callable[[_T], Entry | Unusable],
    size: int,
    processes: int = 1,
    progress: Progress | None = None,
) -> dict[str, SplitTally]:
    """Writes shards of `size` images; raises UserError if a key is taken, or a picture is in two splits."""
    seen = WrittenImages()
    report = {split: SplitTally() for split in splits}
    jobs: Iterator[_Job[_T]] = chain.from_iterable(_jobs(folder, split, items, size) for split, items in splits.items())
    if processes > 1:  # what goes to another process must be there at once
        jobs = ((split, path, list(items)) for split, path, items in jobs)
    with closing(in_order(partial(_write, entry), jobs, processes)) as shards:
        for shard in shards:
            seen.add(shard)
            report[shard.split].add(shard)
            if progress:
                progress(len(shard.marks) + len(shard.unusable))
    seen.check()
    return report


def _jobs(folder: Path, split: str, items: Iterable[_T], size: int) -> Iterator[_Job[_T]]:
    """Yields what goes into each shard. Where items are made as they are asked for, so are these."""
    waiting = iter(items)
    for index in count():
        part = islice(waiting, size)
        if (first := next(part, None)) is None:
            return
        yield split, folder / f"{split}-{index:05d}.tar", chain([first], part)


def _write(entry: Callable[[_T], Entry | Unusable], job: _Job[_T]) -> Shard:
    split, path, items = job
    # Once it has been given back a block of this size, glibc keeps the memory of an image for the next one. Without,
    # each asks the system for all of its pages, which takes a third of the time of decoding.
    bytes(_LARGE)
    return write_shard(path, split, map(entry, items))

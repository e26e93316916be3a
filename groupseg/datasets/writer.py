"""Writing prepared data sets; `groupseg.datasets.shards` reads them back.

Equal input gives equal bytes, with any number of processes: what goes into a shard depends on the images alone, and
each is written by one process.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, TypeVar

from groupseg.datasets.entry import Entry, captioned_entry, labelled_entry
from groupseg.datasets.labelled import LabelledFiles, Loader
from groupseg.datasets.sample import CaptionedImage, Sample
from groupseg.datasets.shard_file import Shard, write_shard
from groupseg.errors import UserError
from groupseg.files import write_json
from groupseg.parallel import in_order

IMAGES_PER_SHARD = 1000

# So many images take less time than starting processes.
_FEW = 64

T = TypeVar("T")

# Told how many images more are done.
Progress = Callable[[int], object]

# A shard to be written: its split, its path, and what its images are made from.
_Job = tuple[str, Path, Iterable[T]]


def write_samples(
    folder: Path,
    classes: Sequence[str],
    background: bool,
    splits: Mapping[str, Iterable[Sample]],
    origin: Mapping[str, str],
    crossfit: int = 0,
) -> None:
    """Writes a labelled data set: shards, classes.json, manifest.json. Only then is `folder` replaced.

    Args:
        folder: Where it will lie.
        classes: Names without background.
        background: Whether label 0 is background.
        splits: The images of `calib` and `test`.
        origin: What the manifest says first, such as {"dataset": ..., "format": ...}.
        crossfit: In how many folds the images of `test`, then the only split, are calibrated and judged in turn;
            0 where there is a calib split. See `groupseg.datasets.crossfit`.

    Raises:
        UserError: If a split is empty, two images share a key, a picture is in two splits, the disk is full.
    """
    with _replaced(folder) as temporary:
        report = _write_splits(temporary, folder.name, splits, partial(labelled_entry, classes=len(classes)))
        _describe(temporary, classes, background, report, origin, crossfit)


def write_files(
    folder: Path,
    files: LabelledFiles,
    origin: Mapping[str, str],
    crossfit: int = 0,
    processes: int = 1,
    progress: Progress | None = None,
) -> None:
    """Reads, checks and writes a data set of files.

    Args:
        folder: Where it will lie.
        files: The images.
        origin: As for `write_samples`.
        crossfit: As for `write_samples`.
        processes: How many work at once; each holds one image at a time.
        progress: Told how many images more are done, a shard at a time.

    Raises:
        UserError: As `write_samples`; and of the first image, in order, that cannot be read.
    """
    few = sum(map(len, files.splits.values())) <= _FEW
    with _replaced(folder) as temporary:
        entry = _LabelledEntry(files.load, len(files.classes))
        report = _write_splits(temporary, folder.name, files.splits, entry, 1 if few else processes, progress)
        _describe(temporary, files.classes, files.background, report, origin, crossfit)


def write_captions(folder: Path, images: Iterable[CaptionedImage]) -> None:
    """Writes captioned images as the shards of `train`; `folder` is replaced once all is written.

    Raises:
        UserError: If there is none, two share a key, the disk is full or may not be written.
    """
    with _replaced(folder) as temporary:
        _write_splits(temporary, folder.name, {"train": images}, captioned_entry)


@dataclass(frozen=True)
class _LabelledEntry:
    """Makes the entry of an item; goes to other processes."""

    load: Loader
    classes: int

    def __call__(self, item: Any) -> Entry:
        return labelled_entry(self.load(item), self.classes)


def _describe(
    folder: Path,
    classes: Sequence[str],
    background: bool,
    report: Mapping[str, Mapping[str, Any]],
    origin: Mapping[str, str],
    crossfit: int,
) -> None:
    """Writes classes.json and manifest.json."""
    folds = {"crossfit": crossfit} if crossfit else {}
    write_json(folder / "classes.json", {"classes": list(classes), "background": background, **folds})
    write_json(folder / "manifest.json", {**origin, **folds, "splits": report})


def _write_splits(
    folder: Path,
    name: str,
    splits: Mapping[str, Iterable[T]],
    entry: Callable[[T], Entry],
    processes: int = 1,
    progress: Progress | None = None,
) -> dict[str, dict[str, Any]]:
    """Writes all shards.

    Returns:
        For each split, the number of its images, the pixels of each label, the digests of its shards, and why images
        were passed over.
    """
    seen = _Seen()
    report: dict[str, dict[str, Any]] = {split: {"images": 0, "pixels": 0, "shards": {}} for split in splits}
    jobs: Iterator[_Job[T]] = chain.from_iterable(_jobs(folder, split, items) for split, items in splits.items())
    if processes > 1:  # what goes to another process must be there at once
        jobs = ((split, path, list(items)) for split, path, items in jobs)
    with closing(in_order(partial(_write, entry), jobs, processes)) as shards:
        for shard in shards:
            seen.add(shard)
            part = report[shard.split]
            part["images"] += len(shard.marks)
            part["pixels"] = part["pixels"] + shard.pixels
            part["shards"][shard.file] = shard.sha256
            if progress:
                progress(len(shard.marks))
    for split, part in report.items():
        if not part["images"]:
            raise UserError(f"{name}: its {split} split is empty. List images for it, or change source.calib.")
    return report


def _jobs(folder: Path, split: str, items: Iterable[T]) -> Iterator[_Job[T]]:
    """Yields what goes into each shard. Where items are made as they are asked for, so are these."""
    waiting = iter(items)
    for index in count():
        part = islice(waiting, IMAGES_PER_SHARD)
        if (first := next(part, None)) is None:
            return
        yield split, folder / f"{split}-{index:05d}.tar", chain([first], part)


def _write(entry: Callable[[T], Entry], job: _Job[T]) -> Shard:
    split, path, items = job
    return write_shard(path, split, map(entry, items))


class _Seen:
    """The keys and pictures written so far."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._pictures: dict[bytes, tuple[str, str]] = {}

    def add(self, shard: Shard) -> None:
        """Raises UserError if a key is taken, or the same pixels lie in another split."""
        for mark in shard.marks:
            if mark.key in self._keys:
                raise UserError(f"image {mark.name!r} comes twice in the data set. List it in one split, once.")
            self._keys.add(mark.key)
            if not mark.picture:
                continue
            other, name = self._pictures.setdefault(mark.picture, (shard.split, mark.name))
            if other != shard.split:
                raise UserError(
                    f"image {name!r} of the {other} split and {mark.name!r} of the {shard.split} split are the same"
                    " picture. Take one out: what is fitted on an image must not be judged on it."
                )


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
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

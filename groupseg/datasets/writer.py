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

from groupseg.datasets.audit import write_findings
from groupseg.datasets.captions.corpus import CaptionedFiles
from groupseg.datasets.entry import Entry, Unusable, captioned_entry, labelled_entry
from groupseg.datasets.folds import are_enough, too_few
from groupseg.datasets.labelled import LabelledFiles, Loader
from groupseg.datasets.notes import counted, together
from groupseg.datasets.sample import CaptionedImage, Sample
from groupseg.datasets.shard_file import Shard, write_shard
from groupseg.datasets.tally import Seen, SplitTally
from groupseg.errors import NamedFault, UserError, printable
from groupseg.io.files import write_json
from groupseg.parallel import in_order

IMAGES_PER_SHARD = 1000

# Of files, which are larger than drawings, and whose shards are shared out among processes: the last ones to finish
# must not be waited for long.
FILES_PER_SHARD = 250

# Bytes; more than an image of 5 million pixels has, and half of the most that glibc heeds.
_LARGE = 2**24

# Of why images are passed over, so many are told in the manifest.
_REASONS = 5

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
            0 where there is a calib split. See `groupseg.datasets.shards.read_crossfit`.

    Raises:
        UserError: If a split is empty, two images share a key, a picture is in two splits, the disk is full.
    """
    with _replaced(folder) as temporary:
        report = _write_splits(temporary, splits, partial(labelled_entry, classes=len(classes)), IMAGES_PER_SHARD)
        _check_filled(folder.name, report)
        _describe(temporary, classes, background, report, origin, crossfit)


def write_files(
    folder: Path,
    files: LabelledFiles,
    origin: Mapping[str, str],
    crossfit: int = 0,
    processes: int = 1,
    progress: Progress | None = None,
) -> None:
    """Reads, checks and writes a data set of files, says what stands out in it, and writes all of that: findings.json.

    Args:
        folder: Where it will lie.
        files: The images.
        origin: As for `write_samples`.
        crossfit: As for `write_samples`.
        processes: How many work at once; each holds one image at a time.
        progress: Told how many images more are done, a shard at a time.

    Raises:
        UserError: As `write_samples`; of all images that cannot be used; if no pixel is of a class, or too few images
            are labelled.
    """
    needed = 1 if sum(map(len, files.splits.values())) <= _FEW else processes
    with _replaced(folder) as temporary:
        entry = _LabelledEntry(files.load, len(files.classes))
        report = _write_splits(temporary, files.splits, entry, FILES_PER_SHARD, needed, progress)
        if faults := [reason for part in report.values() for reason in part.reasons]:
            total = counted(sum(map(len, files.splits.values())), "image")
            raise together(faults, f"{len(faults):,} of {total} cannot be used.")
        _check_filled(folder.name, report)
        splits = {split: part.counts(len(files.classes)) for split, part in report.items()}
        notes = write_findings(temporary / "findings.json", folder, files, splits)
        _check_labelled(folder.name, report, crossfit)
        _describe(temporary, files.classes, files.background, report, origin, crossfit, notes)


def write_captions(folder: Path, images: Iterable[CaptionedImage]) -> None:
    """Writes captioned images as the shards of `train`; `folder` is replaced once all is written.

    Raises:
        UserError: If two share a key, the disk is full or may not be written.
    """
    with _replaced(folder) as temporary:
        _write_splits(temporary, {"train": images}, captioned_entry, IMAGES_PER_SHARD)


def write_corpus(
    folder: Path,
    corpus: CaptionedFiles,
    origin: Mapping[str, str],
    processes: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Reads, checks and writes a corpus of files as the shards of `train`, and manifest.json.

    Args:
        folder: Where it will lie.
        corpus: The images.
        origin: What the manifest says first, such as {"corpus": ..., "format": ...}.
        processes: As for `write_files`.
        progress: As for `write_files`.

    Returns:
        The manifest: `origin`, the number of `images`, the digests of the `shards`, how many images were `unusable`
        and `reasons` for the first of them; unusable.txt holds all.

    Raises:
        UserError: If no image can be used, two share a key, the disk is full; and what reading raises.
    """
    needed = 1 if corpus.images and corpus.images <= _FEW else processes
    with _replaced(folder) as temporary:
        report = _write_splits(temporary, {"train": corpus.items}, corpus.entry, FILES_PER_SHARD, needed, progress)
        part = report["train"]
        if not part.images:
            first = f" The first of {len(part.reasons):,}: {part.reasons[0]}" if part.reasons else ""
            message = f"{folder.name} holds no image with a caption that can be used.{first}"
            raise NamedFault(message, part.reasons)
        about = {"images": part.images, "shards": part.shards, "unusable": len(part.reasons)}
        manifest = {**origin, **about, "reasons": part.reasons[:_REASONS]}
        if part.reasons:
            (temporary / "unusable.txt").write_text("\n".join(part.reasons) + "\n", encoding="utf-8")
        write_json(temporary / "manifest.json", manifest)
    return manifest


@dataclass(frozen=True)
class _LabelledEntry:
    """Makes the entry of an item, or says why it cannot be used; goes to other processes."""

    load: Loader
    classes: int

    def __call__(self, item: Any) -> Entry | Unusable:
        try:
            return labelled_entry(self.load(item), self.classes)
        except UserError as error:
            return Unusable(printable(str(error)))


def _describe(
    folder: Path,
    classes: Sequence[str],
    background: bool,
    report: Mapping[str, SplitTally],
    origin: Mapping[str, str],
    crossfit: int,
    notes: Sequence[str] = (),
) -> None:
    """Writes classes.json and manifest.json; `notes` go with the classes to where figures are told."""
    splits = {
        split: {"images": part.images, "pixels": part.pixels, "shards": part.shards} for split, part in report.items()
    }
    folds = {"crossfit": crossfit} if crossfit else {}
    said = {"notes": list(notes)} if notes else {}
    write_json(folder / "classes.json", {"classes": list(classes), "background": background, **folds, **said})
    write_json(folder / "manifest.json", {**origin, **folds, "splits": splits})


def _check_filled(name: str, report: Mapping[str, SplitTally]) -> None:
    """Raises UserError if a split is empty."""
    for split, part in report.items():
        if not part.images:
            raise UserError(f"{name}: its {split} split is empty. List images for it, or change source.calib.")


def _check_labelled(name: str, report: Mapping[str, SplitTally], crossfit: int) -> None:
    """Raises UserError if too few images are labelled to calibrate on some and judge others."""
    for split, part in report.items():
        if not part.labelled:
            raise UserError(f"{name}: no pixel of its {split} split is labelled. List other images, or mend the masks.")
    if crossfit and not are_enough(keys := report["test"].labelled, crossfit):
        raise UserError(f"{name}: source.crossfit: {crossfit} {too_few(keys)}")


def _write_splits(
    folder: Path,
    splits: Mapping[str, Iterable[T]],
    entry: Callable[[T], Entry | Unusable],
    size: int,
    processes: int = 1,
    progress: Progress | None = None,
) -> dict[str, SplitTally]:
    """Writes shards of `size` images; raises UserError if a key is taken, or a picture is in two splits."""
    seen = Seen()
    report = {split: SplitTally() for split in splits}
    jobs: Iterator[_Job[T]] = chain.from_iterable(_jobs(folder, split, items, size) for split, items in splits.items())
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


def _jobs(folder: Path, split: str, items: Iterable[T], size: int) -> Iterator[_Job[T]]:
    """Yields what goes into each shard. Where items are made as they are asked for, so are these."""
    waiting = iter(items)
    for index in count():
        part = islice(waiting, size)
        if (first := next(part, None)) is None:
            return
        yield split, folder / f"{split}-{index:05d}.tar", chain([first], part)


def _write(entry: Callable[[T], Entry | Unusable], job: _Job[T]) -> Shard:
    split, path, items = job
    # Once it has been given back a block of this size, glibc keeps the memory of an image for the next one. Without,
    # each asks the system for all of its pages, which takes a third of the time of decoding.
    bytes(_LARGE)
    return write_shard(path, split, map(entry, items))


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

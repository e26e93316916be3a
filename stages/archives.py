"""Archives that data sets, corpora and models are made from: which they are, and where they lie once they are there.

What the stage `download` fetched for each is on record in data/archives, by name and digest. The files are in the
cache, of which DVC knows nothing: they are in no remote, and whoever pulls what was prepared from them fetches none.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from groupseg.errors import UserError
from groupseg.files import read_json
from groupseg.sources.fetch import Archive, fetch
from groupseg.sources.tree import Merged, Tree, open_tree
from stages.schema import Params

RECORDS = Path("data/archives")

Kind = Literal["datasets", "corpora", "models"]


def dataset_tree(params: Params, dataset: str) -> Tree:
    """Opens what a data set is made from: see `source_paths`.

    Raises:
        UserError: As `source_paths`, or if it cannot be read.
    """
    source = getattr(params.datasets[dataset].source, "path", None)
    trees = [open_tree(path) for path in source_paths(params, "datasets", dataset, f"{dataset}.source", source)]
    return trees[0] if len(trees) == 1 else Merged(trees)


def corpus_paths(params: Params, corpus: str) -> list[Path]:
    """Returns what a corpus is made from: see `source_paths`."""
    return source_paths(params, "corpora", corpus, corpus, getattr(params.corpora[corpus], "path", None))


def source_paths(params: Params, kind: Kind, name: str, section: str, path: str | None) -> list[Path]:
    """Returns the folder or archive `path` below `run.folder`, else the archives that something needs.

    Args:
        params: Where all of this stands.
        kind: What it is.
        name: How it is called.
        section: Where its `path` would stand, for the error.
        path: What stands there.

    Raises:
        UserError: If there is neither, or the archives cannot be had.
    """
    if path is not None:
        return [Path(params.run.folder) / path]
    if not (files := archive_files(params, kind, name)):
        raise UserError(f"params.yaml: {kind}.{section} has no path, and needs.{kind}.{name} no archive. Add one.")
    return files


def archive_files(params: Params, kind: Kind, name: str) -> list[Path]:
    """Returns the files that a data set, corpus or model is made from; what the cache has lost is fetched again.

    Raises:
        UserError: If `download` has not run for the archives that params.yaml names, or one cannot be had.
    """
    path = record_path(kind, name)
    archives = recorded(path, needed_archives(params, kind, name))
    if archives is None:
        raise UserError(
            f"{path} is missing, or of other archives than needs.{kind}.{name} names. Run `dvc repro download`."
        )
    return [fetch(archive).path for archive in archives]


def needed_archives(params: Params, kind: Kind, name: str) -> list[Archive]:
    """Returns the archives that something is made from: none where params.yaml names none."""
    sections = {archive: params.archives[archive] for archive in getattr(params.needs, kind).get(name, [])}
    return [
        Archive(
            archive,
            section.file,
            tuple(section.urls),
            f"{section.licence}; {section.terms}",
            section.digest(),
            section.size,
            Path(section.path) if section.path else None,
        )
        for archive, section in sections.items()
    ]


def record_path(kind: Kind, name: str) -> Path:
    """Where it stands what was fetched for something."""
    return RECORDS / kind / f"{name}.json"


def recorded(path: Path, archives: Sequence[Archive]) -> list[Archive] | None:
    """Returns the archives with their digests on record; None where the record is missing or of others.

    Of where they lie nothing is on record: another mirror makes no other data.
    """
    entries = read_json(path) if path.exists() else None
    if entries is None or len(entries) != len(archives):
        return None
    pinned = [replace(archive, digest=entry["digest"]) for archive, entry in zip(archives, entries, strict=True)]
    known = [archive.digest or entry["digest"] for archive, entry in zip(archives, entries, strict=True)]
    same = entries == [record(archive, digest) for archive, digest in zip(archives, known, strict=True)]
    return pinned if same else None


def record(archive: Archive, digest: str) -> dict[str, str]:
    """What stands on record of an archive: all that decides which bytes it holds."""
    return {"name": archive.name, "file": archive.file, "digest": digest}

"""Archives that data sets, corpora and models are made from: which they are, and where they lie once they are there.

What the stage `sources` fetched for each is on record in data/sources, by name and digest. The files are in the cache,
of which DVC knows nothing: they are in no remote, and whoever pulls what was prepared from them fetches none.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.sources.fetch import Archive, fetch
from groupseg.sources.tree import Merged, Tree, open_tree
from stages import paths
from stages.schema import Params, PublishedModel

Kind = Literal["datasets", "corpora", "models"]


def dataset_tree(params: Params, dataset: str) -> Tree:
    """Opens what a data set is made from: see `source_paths`.

    Raises:
        UserError: As `source_paths`, or if it cannot be read.
    """
    trees = [open_tree(path) for path in source_paths(params, "datasets", dataset)]
    return trees[0] if len(trees) == 1 else Merged(trees)


def corpus_paths(params: Params, corpus: str) -> list[Path]:
    """Returns what a corpus is made from: see `source_paths`."""
    return source_paths(params, "corpora", corpus)


def source_paths(params: Params, kind: Kind, name: str) -> list[Path]:
    """Returns the user's own folder or archive, else the archives that something needs.

    Raises:
        UserError: If there is neither, or the archives cannot be had.
    """
    if own := own_path(params, kind, name):
        return [own]
    if not needed_archives(params, kind, name):
        section = f"{name}.source" if kind == "datasets" else name
        raise UserError(f"params.yaml: {kind}.{section} has no path, and needs.{kind}.{name} no archive. Add one.")
    return archive_files(params, kind, name)


def own_path(params: Params, kind: Kind, name: str) -> Path | None:
    """Returns the user's own folder or file that is taken instead of archives; None where params.yaml names none."""
    if kind == "models":
        model = params.models[name]
        given = model.weights if isinstance(model, PublishedModel) else None
        return Path(given).expanduser() if given else None
    section = params.datasets[name].source if kind == "datasets" else params.corpora[name]
    path: str | None = getattr(section, "path", None)
    return None if path is None else Path(params.run.folder) / path


def archive_files(params: Params, kind: Kind, name: str) -> list[Path]:
    """Returns the files that a data set, corpus or model is made from; what the cache has lost is fetched again.

    Raises:
        UserError: If `sources` has not run for the archives that params.yaml names, or one cannot be had.
    """
    path = paths.source(kind, name)
    archives = recorded(path, needed_archives(params, kind, name))
    if archives is None:
        raise UserError(
            f"{path} is missing, or of other archives than needs.{kind}.{name} names. Run `dvc repro sources`."
        )
    return [fetch(archive).path for archive in archives]


def needed_archives(params: Params, kind: Kind, name: str) -> list[Archive]:
    """Returns the archives that something is made from: none where params.yaml names none, or the user has it."""
    if own_path(params, kind, name):
        return []
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


def recorded(path: Path, archives: Sequence[Archive]) -> list[Archive] | None:
    """Returns the archives with their digests on record; None where the record is missing or of others.

    Of where they lie nothing is on record: another mirror makes no other data.
    """
    entries: list[dict[str, Any]] = read_json(path).get("archives", []) if path.exists() else []
    if not path.exists() or len(entries) != len(archives):
        return None
    pinned = [replace(archive, digest=entry["digest"]) for archive, entry in zip(archives, entries, strict=True)]
    known = [archive.digest or entry["digest"] for archive, entry in zip(archives, entries, strict=True)]
    same = entries == [record(archive, digest) for archive, digest in zip(archives, known, strict=True)]
    return pinned if same else None


def record(archive: Archive, digest: str) -> dict[str, str]:
    """What stands on record of an archive: all that decides which bytes it holds."""
    return {"name": archive.name, "file": archive.file, "digest": digest}


def weights_file(params: Params, name: str) -> Path:
    """Returns the published file of a model: one of the user's own, else the archive that the model needs.

    Raises:
        UserError: If it needs none, or several.
    """
    files = [own] if (own := own_path(params, "models", name)) else archive_files(params, "models", name)
    if len(files) != 1:
        raise UserError(
            f"needs.models.{name} must name one archive, which holds the weights, but names {len(files)}. "
            f"Mend it, or give a file of your own as models.{name}.weights."
        )
    return files[0]

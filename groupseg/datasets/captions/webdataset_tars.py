"""Captions from the web in shards of webdataset, as img2dataset makes them of CC3M, CC12M, RedCaps and their like.

A shard is a tar; of a sample in it, all files share the name before the first dot, which is webdataset's key
(webdataset.tariterators.base_plus_ext): an image, and .txt with its caption or .json with a `caption`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from groupseg.datasets.captions.corpus import CaptionedFiles, encode
from groupseg.datasets.entry import Entry, Unusable
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError
from groupseg.sources.tree import Tree, open_tree


@dataclass(frozen=True)
class WebSample:
    """A sample of a shard.

    Args:
        name: Unique in the corpus.
        tree: The shard.
        files: The names in it.
        images: How many images share its key because of dots in their names, and so cannot be told apart; 0 for none.
    """

    name: str
    tree: Tree
    files: tuple[str, ...]
    images: int = 0


def read_webdataset(paths: Sequence[Path], images: int | None) -> CaptionedFiles:
    """Finds the samples of shards, in the order of their names; a shard is opened when those before it are done.

    What the web gives is not all whole: a sample without image or caption, or with a damaged one, is passed over.

    Args:
        paths: The shards, or folders in which they lie.
        images: How many samples are taken, from the first on; None for all.

    Raises:
        UserError: If there is no shard; and when its turn comes, if one is damaged or there are too few samples.
    """
    shards: dict[str, Path] = {}
    for path in paths:
        for shard in sorted(path.rglob("*.tar")) if path.is_dir() else [path]:
            name = shard.relative_to(path).as_posix() if path.is_dir() else shard.name
            if (other := shards.setdefault(name.partition(".")[0], shard)) is not shard:
                raise UserError(f"{other} and {shard} share a name, and so would their samples. Rename one.")
    if not shards:
        raise UserError(f"{paths[0]} holds no shard. Put tar files there, or mend `path` in params.yaml.")
    return CaptionedFiles(_samples(shards, images), read_captioned, images)


def read_captioned(sample: WebSample) -> Entry | Unusable:
    """Encodes a sample, or says why it cannot be used."""
    if sample.images:
        where, better = sample.tree.where(sample.files[0]), _without_dots(sample.files[0])
        return Unusable(
            f"{where} is lost: a dot in its name ends webdataset's key, {sample.name!r}, which {sample.images} images"
            f" share. Name it otherwise, such as {better}, and its caption alike."
        )
    try:
        image = _only(sample, "image", [name for name in sample.files if _suffix(name) in SUFFIXES])
        texts = {_suffix(name): name for name in sample.files if _suffix(name) in (".txt", ".json")}
        text = _only(sample, "caption", [texts[min(texts, key=(".txt", ".json").index)]] if texts else [])
        return encode(sample.name, sample.tree.read(image), sample.tree.where(image), _caption(sample.tree, text))
    except UserError as error:
        return Unusable(str(error))


def _samples(shards: dict[str, Path], images: int | None) -> Iterator[WebSample]:
    found = 0
    for shard, path in shards.items():
        tree = open_tree(path)
        for key, files in groupby(tree.names(), _key):
            for sample in _of_key(f"{shard}/{key}", tree, tuple(files)):
                found += 1
                yield sample
                if found == images:
                    return
    if images is not None and found < images:
        raise UserError(f"corpora: {images} images asked for, but the shards hold {found}. Lower `images`.")


def _of_key(name: str, tree: Tree, files: tuple[str, ...]) -> list[WebSample]:
    """Returns the sample of a key; where dots in the names of several images have ended it too early, each of these."""
    pictures = [file for file in files if _suffix(file) in SUFFIXES]
    if len(pictures) > 1 and any(_is_cut(picture, files) for picture in pictures):
        return [WebSample(name, tree, (picture,), len(pictures)) for picture in pictures]
    return [WebSample(name, tree, files)]


def _is_cut(picture: str, files: tuple[str, ...]) -> bool:
    """Whether a dot in the name of a picture has ended its key: its caption has the whole name, or it has more dots."""
    stem = picture.removesuffix(PurePosixPath(picture).suffix)
    rest = stem.removeprefix(_key(picture))[1:]
    return "." in rest or (rest != "" and any(f"{stem}{suffix}" in files for suffix in (".txt", ".json")))


def _without_dots(file: str) -> str:
    """Returns the name of a file with no dot but that of its ending."""
    path = PurePosixPath(file)
    return path.stem.replace(".", "_") + path.suffix


def _key(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    return folder + slash + file.partition(".")[0]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _only(sample: WebSample, what: str, names: list[str]) -> str:
    if len(names) != 1:
        found = "none" if not names else " and ".join(names[:2])
        raise UserError(f"{sample.tree.label}: sample {sample.name} must hold one {what}, but holds {found}.")
    return names[0]


def _caption(tree: Tree, name: str) -> str:
    data = tree.read(name)
    try:
        caption = data.decode() if name.endswith(".txt") else json.loads(data)["caption"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{tree.where(name)} holds no caption: {error!r}.") from error
    if not isinstance(caption, str):
        raise UserError(f"{tree.where(name)} holds no caption: got {caption!r}.")
    return caption

"""Captioned images in shards, found by their number: none is read until its turn comes."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import distributed

from groupseg.datasets.shards import damaged_shard
from groupseg.errors import UserError
from groupseg.processes import Place

# Where an image and its text lie: 28 bytes each, so that tens of millions fit into memory.
ENTRY = np.dtype([("shard", "i4"), ("image", "i8"), ("image_size", "i4"), ("text", "i8"), ("text_size", "i4")])


@dataclass(frozen=True)
class Captioned:
    """An image, RGB, its caption and the nouns in it."""

    image: Image.Image
    caption: str
    nouns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class StreamedCorpus:
    """Captioned images in the layout of `groupseg.datasets.shards`.

    Attributes:
        shards: The tar files.
        entries: Of type `ENTRY`, [N], in the order of the shards.
    """

    shards: tuple[Path, ...]
    entries: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, number: int) -> Captioned:
        """Reads an image and its text.

        Raises:
            UserError: If the shard is damaged.
        """
        entry = self.entries[number]
        path = self.shards[entry["shard"]]
        try:
            with open(path, "rb") as file:
                file.seek(entry["image"])
                image = Image.open(io.BytesIO(file.read(entry["image_size"]))).convert("RGB")
                file.seek(entry["text"])
                text = json.loads(file.read(entry["text_size"]))
            return Captioned(image, text["caption"], tuple(text["nouns"]))
        except (OSError, SyntaxError, ValueError, KeyError) as error:
            raise damaged_shard(path, error) from error

    def digest(self) -> str:
        """Names the corpus by its shards, and by place and size of all that they hold: sha256, hexadecimal.

        The bytes themselves are not read: there may be terabytes.
        """
        names = "\n".join(map(str, self.shards))
        return hashlib.sha256(names.encode() + self.entries.tobytes()).hexdigest()


def open_corpus(folders: Sequence[Path], here: Place) -> StreamedCorpus:
    """Finds all captioned images in folders; the processes look into different shards, and tell each other.

    Args:
        folders: Each holds train-*.tar.
        here: This process, in the group of all.

    Raises:
        UserError: If a folder holds no shard, or a shard is damaged, or there is no image.
    """
    shards = []
    for folder in folders:
        found = sorted(folder.glob("train-*.tar"))
        if not found:
            raise UserError(f"{folder} holds no train split. Run `dvc repro`, which prepares it.")
        shards += found
    parts = {number: _scan(number, shards[number]) for number in range(here.rank, len(shards), here.size)}
    if here.size > 1:
        everyone: list[dict[int, NDArray[np.void]]] = [{}] * here.size
        distributed.all_gather_object(everyone, parts)
        parts = {number: part for some in everyone for number, part in some.items()}
    entries = np.concatenate([np.zeros(0, ENTRY), *(parts[number] for number in range(len(shards)))])
    if not len(entries):
        raise UserError("corpora: there is no captioned image to train on. Raise `images:` in params.yaml.")
    return StreamedCorpus(tuple(shards), entries)


def _scan(number: int, path: Path) -> NDArray[np.void]:
    try:
        with tarfile.open(path) as tar:
            return np.array(list(_entries(number, tar)), ENTRY)
    except (tarfile.TarError, OSError, KeyError) as error:
        raise damaged_shard(path, error) from error


def _entries(number: int, tar: tarfile.TarFile) -> Iterator[tuple[int, ...]]:
    for _, members in groupby(tar, lambda member: member.name.partition(".")[0]):
        files = {member.name.partition(".")[2]: (member.offset_data, member.size) for member in members}
        yield (number, *files["image.jpg"], *files["json"])

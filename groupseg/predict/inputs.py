"""Where images come from: files, folders of them, and the frames of a video, one at a time."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.pictures import SUFFIXES, read_picture
from groupseg.errors import UserError, printable
from groupseg.io.plain_file import check_plain_file, not_plain

if TYPE_CHECKING:  # Optional, and slow to import.
    from av.container import InputContainer

VIDEOS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".gif"})

Pixels = NDArray[np.uint8]


class Picture(NamedTuple):
    """An image and what its results are called.

    Attributes:
        name: Path of the results without suffix, relative, with slashes.
        image: uint8 [H, W, 3], RGB.
    """

    name: str
    image: Pixels


class Source(Protocol):
    """A file with one image or many.

    Attributes:
        name: See `Picture`; of a video, the folder of its frames.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    def count(self) -> int:
        """About how many images there are; 0 where that is not known."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """Reads them in order.

        Raises:
            UserError: If the file is damaged; what was read before stays valid.
        """
        ...


@dataclass(frozen=True)
class ImageFile:
    """A `Source` of one image."""

    path: Path
    name: str

    def count(self) -> int:
        """One."""
        return 1

    def pictures(self) -> Iterator[Picture]:
        """Reads it."""
        yield Picture(self.name, read_image(self.path))


@dataclass(frozen=True)
class Refused:
    """A `Source` that cannot be read; `reason` says why, and how to mend it."""

    path: Path
    name: str
    reason: str

    def count(self) -> int:
        """One."""
        return 1

    def pictures(self) -> Iterator[Picture]:
        """Raises UserError."""
        raise UserError(f"{printable(str(self.path))} {self.reason}.")


@dataclass(frozen=True)
class VideoFile:
    """A `Source` of every `every`-th frame of a video, the first one included, turned as the video says."""

    path: Path
    name: str
    every: int

    def count(self) -> int:
        """What the header says."""
        try:
            with _open(self.path) as container:
                return -(-int(container.streams.video[0].frames) // self.every)
        except UserError:
            return 0  # `pictures` will say why

    def pictures(self) -> Iterator[Picture]:
        """Decodes them; frames are numbered from 0, those that are left out too."""
        with _open(self.path) as container:
            import av  # which is there, since the video is open

            number = 0
            try:
                for number, frame in islice(enumerate(container.decode(video=0)), 0, None, self.every):
                    image = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
                    yield Picture(f"{self.name}/{number:06d}", np.ascontiguousarray(image))
            except av.FFmpegError as error:
                raise UserError(f"{self.path} is damaged after frame {number}: {error}. Fetch it again.") from error


def read_image(path: Path) -> Pixels:
    """Reads an image file of any common kind as RGB, upright: uint8 [H, W, 3].

    Raises:
        UserError: If it cannot be read.
    """
    check_plain_file(path, "an image")
    try:
        pixels, _ = read_picture(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it or its rights.") from error
    return pixels


def find_sources(paths: Sequence[Path], every: int, out: Path) -> list[Source]:
    """Lists the files behind some paths.

    Args:
        paths: Images, videos, and folders, of which all images are taken, in sub-folders too.
        every: Of a video, each how-manyeth frame.
        out: The folder of the results, which is left out where it lies in one of the folders.

    Returns:
        In the order given, those of a folder by name. The name of a file in a folder is its path in the folder.

    Raises:
        UserError: If a path is missing, a folder holds no image, or two files would have results of one name.
    """
    sources: list[Source] = []
    for path in paths:
        if path.is_dir():
            sources += _in_folder(path, out)
        elif not path.exists() and not path.is_symlink():
            raise UserError(f"{path} is missing. Give images, folders of images or videos.")
        else:
            sources.append(_source(path, path.stem, every))
    names = Counter(source.name for source in sources if not isinstance(source, Refused))
    for name, times in names.items():
        if times > 1:
            raise UserError(
                f"{times} inputs would all be written as {name!r}. Rename them, or give one at a time, each its own"
                " --out."
            )
    return sources


def _in_folder(folder: Path, out: Path) -> list[Source]:
    """The images of a folder; hidden files, which systems leave behind, are none."""
    # `Path.resolve` fails on a link to itself.
    results = os.path.realpath(out)
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not path.is_dir()
        and not Path(os.path.realpath(path.parent)).is_relative_to(results)
    ]
    if not files:
        raise UserError(f"{folder} holds no image ({', '.join(sorted(SUFFIXES))}). Give a folder of images.")
    return [_source(path, path.relative_to(folder).with_suffix("").as_posix()) for path in files]


def _source(path: Path, name: str, every: int | None = None) -> Source:
    """Returns the source behind a path: where `every` is given a video too, by its suffix."""
    if reason := not_plain(path):
        return Refused(path, name, f"{reason}. Give an image")
    if not _is_utf8(name):
        return Refused(path, name, "has a name that is not UTF-8. Rename it")
    return VideoFile(path, name, every) if every and path.suffix.lower() in VIDEOS else ImageFile(path, name)


def _is_utf8(name: str) -> bool:
    """Whether the bytes of a name are UTF-8, whatever the locale takes them for."""
    try:
        os.fsencode(name).decode()
    except UnicodeDecodeError:
        return False
    return True


def _open(path: Path) -> "InputContainer":
    """Opens a video that holds a picture."""
    try:
        import av
    except ImportError as error:
        raise UserError(
            f"{path} is a video, and reading one takes PyAV. Run `pip install 'groupseg[video]'`, or give a folder of"
            " frames."
        ) from error
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise UserError(f"{path} cannot be read as a video: {error}. Fetch it again, or take it out.") from error
    if not container.streams.video:
        container.close()
        raise UserError(f"{path} holds no picture. Give a video.")
    return container

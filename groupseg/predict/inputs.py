"""Where images come from: files, folders of them, and the frames of a video, one at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from groupseg.datasets.pictures import SUFFIXES, read_picture
from groupseg.datasets.texts import is_text, printable
from groupseg.errors import UserError

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
class UnnamedFile:
    """A `Source` that is refused, because its name is not UTF-8, which results could not be named after."""

    path: Path
    name: str

    def count(self) -> int:
        """One."""
        return 1

    def pictures(self) -> Iterator[Picture]:
        """Raises UserError."""
        raise UserError(f"{printable(str(self.path))}: its name is not UTF-8. Rename it.")


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
        elif not path.exists():
            raise UserError(f"{path} is missing. Give images, folders of images or videos.")
        elif path.suffix.lower() in VIDEOS:
            sources.append(VideoFile(path, path.stem, every) if is_text(path.stem) else UnnamedFile(path, path.stem))
        else:
            sources.append(_image(path, path.stem))
    name, times = Counter(source.name for source in sources).most_common(1)[0]
    if times > 1:
        raise UserError(
            f"{times} inputs would all be written as {name!r}. Rename them, or give one at a time, each its own --out."
        )
    return sources


def _in_folder(folder: Path, out: Path) -> list[Source]:
    """The images of a folder; hidden files, which systems leave behind, are none."""
    results = out.resolve()
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and results not in path.resolve().parents
        and path.is_file()
    ]
    if not files:
        raise UserError(f"{folder} holds no image ({', '.join(sorted(SUFFIXES))}). Give a folder of images.")
    return [_image(path, path.relative_to(folder).with_suffix("").as_posix()) for path in files]


def _image(path: Path, name: str) -> Source:
    return ImageFile(path, name) if is_text(name) else UnnamedFile(path, name)


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

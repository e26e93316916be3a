import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from groupseg.errors import UserError
from groupseg.predict.inputs import ImageFile, Picture, Source, VideoFile, find_sources, read_image

COLOURS = [(250, 10, 10), (10, 250, 10), (10, 10, 250), (250, 250, 10), (10, 250, 250)]


def save(path: Path, colour: tuple[int, int, int] = (9, 8, 7)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), colour).save(path)
    return path


def save_video(path: Path, frames: Sequence[NDArray[np.uint8]]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 10**6
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of one colour each, brighter in their upper half."""
    frames = [np.full((64, 96, 3), colour, np.uint8) for colour in COLOURS]
    for frame in frames:
        frame[32:] //= 2
    return save_video(tmp_path_factory.mktemp("video") / "clip.mp4", frames)


def pictures(sources: Sequence[Source]) -> list[Picture]:
    return [picture for source in sources for picture in source.pictures()]


def test_a_folder_gives_its_images_by_name_and_their_paths_in_it(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "deep/er/c.webp", ".hidden/d.png", "._a.jpg", "deep/notes.txt"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    sources = find_sources([tmp_path / "in"], 1, tmp_path / "out")
    assert [(source.name, source.count()) for source in sources] == [("a", 1), ("b", 1), ("deep/er/c", 1)]


def test_results_in_the_folder_are_no_input(tmp_path: Path) -> None:
    for name in ("a.png", "out/labels/a.png", "out/overlays/a.jpg", "outside/b.png"):
        save(tmp_path / name)
    sources = find_sources([tmp_path], 1, tmp_path / "." / "out")
    assert [source.name for source in sources] == ["a", "outside/b"]


def test_images_folders_and_videos_are_read_in_the_order_given(tmp_path: Path, video: Path) -> None:
    save(tmp_path / "z.png", (1, 2, 3))
    save(tmp_path / "in/a.png", (4, 5, 6))
    sources = find_sources([tmp_path / "z.png", video, tmp_path / "in"], 3, tmp_path / "out")
    assert [type(source) for source in sources] == [ImageFile, VideoFile, ImageFile]
    found = pictures(sources)
    assert [picture.name for picture in found] == ["z", "clip/000000", "clip/000003", "a"]
    assert found[0].image[0, 0].tolist() == [1, 2, 3]
    assert found[3].image[0, 0].tolist() == [4, 5, 6]


@pytest.mark.parametrize("every", [1, 2, 4, 5, 9])
def test_frames_of_a_video_are_its_pictures(video: Path, every: int) -> None:
    source = VideoFile(video, "clip", every)
    found = list(source.pictures())
    kept = range(0, 5, every)
    assert [picture.name for picture in found] == [f"clip/{number:06d}" for number in kept]
    assert source.count() == len(found)
    for picture, number in zip(found, kept, strict=True):
        assert picture.image.shape == (64, 96, 3)
        wanted = np.array(COLOURS[number])
        np.testing.assert_allclose(picture.image[:28].mean(axis=(0, 1)), wanted, atol=6)
        np.testing.assert_allclose(picture.image[36:].mean(axis=(0, 1)), wanted // 2, atol=6)


def test_a_gif_is_a_video(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 6), colour) for colour in COLOURS[:3]]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (source,) = find_sources([tmp_path / "a.gif"], 1, tmp_path / "out")
    found = [picture.image[3, 4] for picture in source.pictures()]
    np.testing.assert_allclose(found, COLOURS[:3], atol=6)


Edit = Callable[[Iterator[av.VideoFrame]], Iterator[object]]


class Edited:
    """An open video whose frames come out otherwise."""

    def __init__(self, container: av.container.InputContainer, edit: Edit) -> None:
        self._container, self._edit, self.streams = container, edit, container.streams

    def __enter__(self) -> "Edited":
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()

    def decode(self, video: int) -> Iterator[object]:
        return self._edit(self._container.decode(video=video))


def edit(monkeypatch: pytest.MonkeyPatch, edit: Edit) -> None:
    opened = av.open
    monkeypatch.setattr(av, "open", lambda path: Edited(opened(path), edit))


def test_a_video_is_turned_as_it_says(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(frames: Iterator[av.VideoFrame]) -> Iterator[object]:
        return (SimpleNamespace(to_ndarray=frame.to_ndarray, rotation=-90) for frame in frames)

    edit(monkeypatch, turned)
    upright = next(VideoFile(video, "clip", 1).pictures()).image
    # A quarter clockwise: what was above is to the right.
    assert upright.shape == (96, 64, 3)
    assert upright[:, 40:].mean() > 1.5 * upright[:, :24].mean()


def test_a_video_that_breaks_off_gives_what_came_before(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(frames: Iterator[av.VideoFrame]) -> Iterator[object]:
        yield from islice(frames, 2)
        raise av.InvalidDataError(1, "Invalid data found")

    edit(monkeypatch, broken)
    found = VideoFile(video, "clip", 1).pictures()
    assert [next(found).name, next(found).name] == ["clip/000000", "clip/000001"]
    with pytest.raises(UserError, match=r"clip\.mp4 is damaged after frame 1: .*Invalid data found"):
        next(found)


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    (source,) = find_sources([path], 1, tmp_path / "out")
    assert source.count() == 0
    with pytest.raises(UserError, match=r"clip\.mp4 cannot be read as a video: .*\. Fetch it again") as error:
        list(source.pictures())
    assert "\n" not in str(error.value)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    with pytest.raises(UserError, match=r"song\.mkv holds no picture"):
        list(VideoFile(path, "song", 1).pictures())


def test_without_the_library_for_videos_its_name_is_said(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    source = VideoFile(video, "clip", 1)
    assert source.count() == 0
    with pytest.raises(UserError, match=r"takes PyAV. Run `pip install 'groupseg\[video\]'`"):
        list(source.pictures())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", "nothing is missing"),
        ("empty", r"empty holds no image \(\.bmp, \.jpeg, "),
        ("twins", "2 inputs would all be written as 'a'. Rename them"),
    ],
)
def test_inputs_that_give_nothing_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    for twin in ("a.png", "a.jpg"):
        save(tmp_path / "twins" / twin)
    with pytest.raises(UserError, match=message) as error:
        find_sources([tmp_path / name], 1, tmp_path / "out")
    assert "\n" not in str(error.value)


def test_what_is_no_file_is_named_and_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "in"
    save(folder / "good.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "gone.png").symlink_to("nowhere")
    (folder / "again").symlink_to(folder)
    (folder / "album.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(folder)  # names of sockets must be short
        bound.bind("socket.png")
        sources = find_sources([folder, Path("/dev/zero"), folder / "loop.png"], 1, tmp_path / "out")
        said = {}
        for source in sources:
            try:
                assert [picture.name for picture in source.pictures()] == ["good"]
            except UserError as error:
                said[source.name] = str(error)
    assert said == {
        "gone": f"{folder}/gone.png is a link to nothing. Give an image.",
        "loop": f"{folder}/loop.png cannot be read: Too many levels of symbolic links. Give an image.",
        "pipe": f"{folder}/pipe.png is a pipe, no file. Give an image.",
        "socket": f"{folder}/socket.png is a socket, no file. Give an image.",
        "zero": "/dev/zero is a device, no file. Give an image.",
    }


def test_results_may_go_to_any_place(tmp_path: Path) -> None:
    save(tmp_path / "in/a.png")
    (tmp_path / "loop").symlink_to("loop")
    assert len(find_sources([tmp_path / "in"], 1, tmp_path / "loop")) == 1


@pytest.mark.parametrize("content", [None, b"", b"\xff\xd8\xff\xe0 broken"])
def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.jpg (cannot be read|is missing)") as error:
        read_image(path)
    assert "\n" not in str(error.value)

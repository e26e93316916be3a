"""Pictures of every kind that cameras and editors leave behind."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps

from groupseg.datasets.pictures import open_photograph, read_mask, read_picture, transpose
from groupseg.errors import UserError


def picture(path: Path) -> tuple[np.ndarray, bytes]:
    return read_picture(path.read_bytes(), str(path))


def mask_of(path: Path, palette: dict[int, int] | None = None) -> np.ndarray:
    return read_mask(path.read_bytes(), str(path), palette)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)


def decode(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff"])
def test_lossless_files_keep_their_pixels(tmp_path: Path, pixels: np.ndarray, suffix: str) -> None:
    Image.fromarray(pixels).save(tmp_path / f"a.{suffix}")
    image, encoded = picture(tmp_path / f"a.{suffix}")
    assert np.array_equal(image, pixels)
    assert np.array_equal(decode(encoded), pixels)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_an_upright_rgb_file_is_passed_on_byte_for_byte(tmp_path: Path, pixels: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(pixels).save(path)
    image, encoded = picture(path)
    assert encoded == path.read_bytes()
    assert np.array_equal(image, decode(encoded))


def test_a_png_with_a_transparent_colour_is_not_passed_on(tmp_path: Path) -> None:
    Image.new("RGB", (2, 1), (9, 9, 9)).save(tmp_path / "a.png", transparency=(9, 9, 9))
    image, encoded = picture(tmp_path / "a.png")
    assert image.tolist() == [[[255] * 3] * 2]
    assert np.array_equal(decode(encoded), image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, pixels: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    image, encoded = picture(tmp_path / "a.jpg")
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.jpg")))
    assert np.array_equal(image, expected)
    # What is stored needs no EXIF to lie upright.
    assert np.array_equal(decode(encoded), expected)
    assert image.shape[:2] == ((6, 9) if orientation < 5 else (9, 6))


@pytest.mark.parametrize(("mode", "suffix"), [("L", "jpg"), ("CMYK", "jpg"), ("P", "png"), ("1", "png")])
def test_other_colour_modes_become_what_pillow_says(tmp_path: Path, pixels: np.ndarray, mode: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(pixels).convert(mode).save(path)
    image, encoded = picture(path)
    assert np.array_equal(image, np.asarray(Image.open(path).convert("RGB")))
    assert np.array_equal(decode(encoded), image)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    grey = np.array([[0, 256, 257, 32768, 65535]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert picture(tmp_path / "a.png")[0].tolist() == [[[0] * 3, [1] * 3, [1] * 3, [128] * 3, [255] * 3]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(tmp_path: Path, mode: str) -> None:
    half = Image.new("RGBA", (2, 1), (0, 0, 0, 255))
    half.putpixel((1, 0), (0, 0, 0, 0))
    half.convert(mode).save(tmp_path / "a.png")
    assert picture(tmp_path / "a.png")[0].tolist() == [[[0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff"])
def test_a_truncated_image_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(UserError, match=rf"{path} cannot be read as an image: .* Fetch it again"):
        picture(path)
    with pytest.raises(UserError, match=rf"{path} cannot be read as an image"):
        mask_of(path)


def test_floating_point_is_refused(tmp_path: Path) -> None:
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(UserError, match="whole numbers; got floating point"):
        picture(tmp_path / "a.tiff")


def test_palette_masks_are_indices_whatever_the_colours(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.uint8).reshape(2, 3)
    mask = Image.fromarray(values)
    mask.putpalette([200, 100, 50] * 256)
    mask.save(tmp_path / "a.png")
    assert mask_of(tmp_path / "a.png").tolist() == values.tolist()


def test_sixteen_bit_masks_keep_their_values(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 300, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert mask_of(tmp_path / "a.png").tolist() == [[0, 300, 65535]]


@settings(max_examples=25, deadline=None)
@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 4)), st.data())
def test_colours_become_what_the_palette_says(values: np.ndarray, data: st.DataObject) -> None:
    colours = data.draw(st.lists(st.integers(0, 0xFFFFFF), min_size=5, max_size=5, unique=True))
    rgb = np.array([[colour >> 16, colour >> 8 & 255, colour & 255] for colour in colours], np.uint8)[values]
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "PNG")
    palette = {colour: 10 * index for index, colour in enumerate(colours)}
    assert np.array_equal(read_mask(file.getvalue(), "a.png", palette), 10 * values)


def test_jpeg_is_no_mask_even_with_a_palette(tmp_path: Path) -> None:
    Image.new("RGB", (3, 3)).save(tmp_path / "a.jpg")
    with pytest.raises(UserError, match="got JPEG"):
        mask_of(tmp_path / "a.jpg", {0: 0})


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_is_turned_as_its_picture_is(tmp_path: Path, pixels: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = pixels[..., 0]
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "a.png")))
    assert np.array_equal(transpose(stored, orientation), expected)
    photograph = open_photograph((tmp_path / "a.png").read_bytes(), "a.png")
    assert photograph.orientation == orientation
    assert np.array_equal(photograph.pixels[..., 0], expected)


STAND_INS = {
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "pointer.*git lfs pull"),
    "page": (
        b"<!DOCTYPE html><html><head><title>Quota exceeded</title>",
        "is a web page, not the file itself. Open it",
    ),
    "marked page": (b"\xef\xbb\xbf\r\n <HTML><body>", "is a web page"),
}


@pytest.mark.parametrize("kind", STAND_INS)
def test_what_lies_in_the_place_of_a_picture_is_named(kind: str) -> None:
    data, message = STAND_INS[kind]
    for read in (read_picture, read_mask):
        with pytest.raises(UserError, match=rf"^a\.jpg .*{message}") as caught:
            read(data, "a.jpg")
        assert "BytesIO" not in str(caught.value)


def test_what_is_no_picture_is_said_without_the_innards_of_pillow() -> None:
    with pytest.raises(
        UserError, match=r"^a\.jpg cannot be read as an image: of no kind that is known\. Fetch it again"
    ):
        read_picture(b"nothing of the sort", "a.jpg")


def test_a_palette_in_another_order_is_read_by_its_colours(tmp_path: Path) -> None:
    colours = {0x000000: 0, 0x800000: 1, 0x008000: 2}
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8))
    image.putpalette([0, 128, 0, 0, 0, 0, 128, 0, 0])
    image.save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    assert read_mask(data, "a.png", colours, by_colour=True).tolist() == [[2, 0, 1]]
    assert read_mask(data, "a.png", colours).tolist() == [[0, 1, 2]]
    # Where a colour is unknown, numbers are all there is.
    assert read_mask(data, "a.png", {0x000000: 0, 0x800000: 1}, by_colour=True).tolist() == [[0, 1, 2]]

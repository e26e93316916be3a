"""The segment table: what is read is what was saved, and nothing broken is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.segments.rows import Rows
from groupseg.segments.table import SegmentTable
from groupseg.strategies.scores import cosine
from tests.tables import Case, large_table, random_case, sliding_case


def test_load_returns_what_was_saved(tmp_path: Path) -> None:
    table = replace(random_case(0).table, digests=("a", "b", "c", "d"))
    table.save(tmp_path / "deep" / "table.safetensors")
    loaded = SegmentTable.load(tmp_path / "deep" / "table.safetensors")
    for name in ("image", "embedding", "area", "image_embedding", "text_mean"):
        saved, read = getattr(table, name), getattr(loaded, name)
        np.testing.assert_array_equal(read, saved)
        assert read.dtype == saved.dtype
    assert loaded.histogram.dtype == np.int64
    np.testing.assert_array_equal(loaded.histogram.toarray(), table.histogram.toarray())
    assert (loaded.keys, loaded.classes, loaded.scale) == (table.keys, table.classes, table.scale)
    assert (loaded.protocol, loaded.digests) == (table.protocol, table.digests)
    assert loaded.subset([2, 0]).digests == ("c", "a")


def test_equal_tables_are_equal_bytes(tmp_path: Path) -> None:
    table = random_case(1).table
    table.save(tmp_path / "first")
    # Same content from strided memory and with metadata in another order.
    again = replace(
        table,
        embedding=np.asfortranarray(table.embedding),
        protocol=dict(reversed(table.protocol.items())),
    )
    again.save(tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("kept", [0, 7, 100, 0.5, -1])
def test_truncated_file_is_an_error_of_one_line(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "table.safetensors"
    random_case(2).table.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if isinstance(kept, int) else kept * len(content))])
    with pytest.raises(UserError, match="is no segment table") as caught:
        SegmentTable.load(path)
    assert "\n" not in str(caught.value)


def test_missing_and_foreign_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing"):
        SegmentTable.load(tmp_path / "none")
    save_file({"x": np.zeros(3)}, tmp_path / "foreign")
    with pytest.raises(UserError, match="is no segment table"):
        SegmentTable.load(tmp_path / "foreign")


def test_parts_that_do_not_fit_are_errors() -> None:
    table = random_case(3).table
    with pytest.raises(ValueError, match="`area`"):
        replace(table, area=table.area[1:])
    with pytest.raises(ValueError, match="`histogram`"):
        replace(table, classes=table.classes[1:])
    with pytest.raises(ValueError, match="non-decreasing"):
        replace(table, image=table.image[::-1])
    with pytest.raises(ValueError, match="non-decreasing"):
        replace(table, image=table.image + 1)


def test_project_text_takes_the_mean_off() -> None:
    table = random_case(4).table
    mean = np.linspace(-1, 1, table.embedding.shape[1], dtype=np.float32)
    raw = np.random.default_rng(0).normal(size=(7, len(mean))).astype(np.float32)
    projected = replace(table, text_mean=mean).project_text(raw)
    expected = np.stack([(row - mean) / np.linalg.norm(row - mean) for row in raw])
    np.testing.assert_allclose(projected, expected, atol=1e-6)
    assert projected.dtype == np.float32
    # A text that is the mean itself points nowhere.
    assert np.all(replace(table, text_mean=mean).project_text(mean[None]) == 0)
    with pytest.raises(UserError, match="text embeddings of shape"):
        table.project_text(raw[:, 1:])


def test_subset_keeps_images_in_the_order_asked_for() -> None:
    case = random_case(5, images=5)
    part = case.table.subset([3, 0])
    assert part.keys == ("image3", "image0")
    np.testing.assert_array_equal(part.image, [0] * 5 + [1] * 5)
    np.testing.assert_array_equal(part.embedding[:5], case.table.embedding[15:20])
    np.testing.assert_array_equal(part.histogram[5:].toarray(), case.table.histogram[:5].toarray())
    np.testing.assert_array_equal(part.image_embedding, case.table.image_embedding[[3, 0]])
    labels = np.random.default_rng(0).integers(0, 4, 25)
    whole = image_counts(case.table, labels)
    np.testing.assert_array_equal(image_counts(part, np.concatenate([labels[15:20], labels[:5]])).tp, whole.tp[[3, 0]])
    assert len(case.table.subset([]).image) == 0


@pytest.mark.parametrize("images", [[0, 0], [-1], [4]])
def test_subset_refuses_repeats_and_unknown_images(images: list[int]) -> None:
    with pytest.raises(ValueError, match=r"distinct rows in 0\.\.3"):
        random_case(6).table.subset(images)


@pytest.mark.parametrize("make", [random_case, sliding_case])
def test_embeddings_of_a_file_are_read_when_they_are_wanted(make: Callable[[int], Case], tmp_path: Path) -> None:
    table = make(7).table
    table.save(tmp_path / "table")
    loaded = SegmentTable.load(tmp_path / "table")
    assert isinstance(loaded.embedding, Rows)
    for column in (loaded.image, loaded.area, loaded.histogram.data, loaded.histogram.indices):
        assert not column.flags.writeable  # of the file, not a copy
    part, expected = loaded.subset([2, 0]), table.subset([2, 0])
    assert isinstance(part.embedding, Rows)
    assert isinstance(loaded.between(1, 3).embedding, np.ndarray)
    np.testing.assert_array_equal(part.embedding, expected.embedding)
    np.testing.assert_array_equal(loaded.between(1, 3).embedding, table.subset([1, 2]).embedding)
    if table.parts is not None:
        assert isinstance(part.parts.embedding, Rows)
        np.testing.assert_array_equal(part.windows().embedding, expected.windows().embedding)
        np.testing.assert_array_equal(part.windows().image_embedding, expected.windows().image_embedding)
    part.save(tmp_path / "part")
    expected.save(tmp_path / "expected")
    assert (tmp_path / "part").read_bytes() == (tmp_path / "expected").read_bytes()


def test_half_precision_halves_the_file_and_hardly_moves_a_score(tmp_path: Path) -> None:
    table, words = large_table(0, segments=500, classes=4, images=50)
    sizes = []
    for precision in ("float32", "float16"):
        replace(table, protocol={"embeddings": precision}).save(tmp_path / precision)
        sizes.append((tmp_path / precision).stat().st_size)
    assert sizes[1] < 0.65 * sizes[0]
    half = SegmentTable.load(tmp_path / "float16")
    assert half.embedding[:].dtype == np.float32
    np.testing.assert_allclose(cosine(half, words), cosine(table, words), atol=1e-3)
    # What is read and written again is the same.
    half.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "float16").read_bytes()

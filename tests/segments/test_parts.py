"""Parts of segments: what is broken is refused, what is kept is what was there, and files hold them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.segments.parts import Parts, memberships
from groupseg.segments.table import SegmentTable
from tests.tables import random_case, sliding_case

CASE = sliding_case(0)
TABLE = CASE.table


def parts() -> Parts:
    assert TABLE.parts is not None
    return TABLE.parts


NARROW = parts().window_embedding[:, 1:]


def assert_same(found: Parts | None, expected: Parts) -> None:
    assert found is not None
    for name in ("window", "embedding", "window_image", "window_embedding"):
        kept, wanted = getattr(found, name), getattr(expected, name)
        np.testing.assert_array_equal(kept, wanted)
        assert kept.dtype == wanted.dtype
    np.testing.assert_array_equal(found.members.toarray(), expected.members.toarray())
    assert found.members.dtype == np.float64


def test_load_returns_what_was_saved(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "first")
    loaded = SegmentTable.load(tmp_path / "first")
    assert_same(loaded.parts, parts())
    loaded.save(tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_table_without_parts_says_nothing_of_them(tmp_path: Path) -> None:
    random_case(0).table.save(tmp_path / "table")
    assert b"parts" not in (tmp_path / "table").read_bytes()
    assert SegmentTable.load(tmp_path / "table").parts is None


@pytest.mark.parametrize("kept", [0.5, 0.9, -1])
def test_truncated_file_is_an_error_of_one_line(tmp_path: Path, kept: float) -> None:
    TABLE.save(tmp_path / "table")
    content = (tmp_path / "table").read_bytes()
    (tmp_path / "table").write_bytes(content[: int(kept if kept < 0 else kept * len(content))])
    with pytest.raises(UserError, match="is no segment table") as caught:
        SegmentTable.load(tmp_path / "table")
    assert "\n" not in str(caught.value)


def test_mean_over_windows_by_hand() -> None:
    values = np.random.default_rng(0).normal(size=(len(parts().window), 3))
    means = [values[parts().members[[row]].indices].mean(axis=0) for row in range(len(TABLE.image))]
    np.testing.assert_allclose(parts().average(values), means)
    np.testing.assert_allclose(TABLE.average(values[:, 0]), np.array(means)[:, 0])
    np.testing.assert_allclose(TABLE.embedding, parts().average(parts().embedding), atol=1e-7)


def test_subset_has_the_groups_of_the_images_asked_for() -> None:
    order = [2, 0]
    found = TABLE.subset(order)
    assert found.parts is not None
    for new, old in enumerate(order):
        alone = TABLE.subset([old])
        assert alone.parts is not None
        again = found.subset([new])
        assert_same(again.parts, alone.parts)
        np.testing.assert_array_equal(
            alone.parts.window_embedding, parts().window_embedding[parts().window_image == old]
        )
    values = np.arange(len(TABLE.image), dtype=float)
    rows = np.concatenate([values[TABLE.image == image] for image in order]).astype(int)
    np.testing.assert_allclose(
        found.parts.average(found.parts.embedding), parts().average(parts().embedding)[rows], atol=1e-12
    )
    assert_same(TABLE.subset(range(len(TABLE.keys))).parts, parts())
    assert len(TABLE.subset([]).image) == 0


def test_other_classes_have_the_same_parts() -> None:
    assert TABLE.relabelled(["other"]).parts is TABLE.parts


def test_windows_are_a_table_of_their_own() -> None:
    windows = TABLE.windows()
    assert windows.parts is None
    np.testing.assert_array_equal(windows.embedding, parts().embedding)
    np.testing.assert_array_equal(windows.image_embedding, parts().window_embedding)
    assert windows.area.sum() == windows.histogram.sum() == 0
    plain = random_case(0).table
    assert plain.windows() is plain


def test_parts_of_other_segments_are_errors() -> None:
    first = TABLE.subset([0])
    with pytest.raises(ValueError, match=f"Expected `parts` of {len(first.image)} segments of width 6"):
        replace(first, parts=parts())
    with pytest.raises(ValueError, match=r"of width 6, but got those of \d+ segments of width 5"):
        replace(TABLE, parts=replace(parts(), embedding=parts().embedding[:, 1:], window_embedding=NARROW))
    for image in (np.zeros_like(parts().window_image), parts().window_image + 1):
        with pytest.raises(ValueError, match="groups of its image"):
            replace(TABLE, parts=replace(parts(), window_image=image))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"embedding": parts().embedding[1:]}, "`parts.embedding`"),
        ({"window_embedding": parts().window_embedding[1:]}, "`parts.window_embedding`"),
        ({"members": parts().members[:, 1:]}, "`parts.members`"),
        ({"window": parts().window[::-1]}, "`parts.window` to be non-decreasing"),
        ({"window": parts().window + 1}, "`parts.window` to be non-decreasing and in range"),
        ({"window_image": parts().window_image[::-1]}, "`parts.window_image` to be non-decreasing"),
        ({"members": parts().members * 2.0}, "a group of each window over a segment"),
        ({"members": parts().members * 0}, "a group of each window over a segment"),
    ],
)
def test_arrays_that_do_not_fit_are_errors(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(parts(), **changes)


def test_a_segment_is_in_one_group_of_a_window_and_in_one_at_least() -> None:
    unit = np.ones((4, 1), dtype=np.float32)
    window, image = np.array([0, 0, 1, 1], np.int32), np.array([0, 0], np.int32)

    def made(groups: list[int], counts: list[int]) -> Parts:
        return Parts(window, unit, image, unit[:2], memberships(np.array(groups), np.array(counts), 4))

    np.testing.assert_array_equal(made([0, 2, 1, 3, 1], [2, 2, 1]).counts, [2, 2, 1])
    for groups, counts in (([0, 1], [2]), ([2, 0], [2]), ([0, 2], [2, 0])):
        with pytest.raises(ValueError, match="a group of each window over a segment"):
            made(groups, counts)


def test_concatenation_numbers_images_windows_and_groups_on() -> None:
    alone = [TABLE.subset([image]).parts for image in range(len(TABLE.keys))]
    assert_same(Parts.concatenate([one for one in alone if one], [1] * len(alone)), parts())

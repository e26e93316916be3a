"""Counts on disk."""

from pathlib import Path

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.counts import load_counts, save_counts
from tests.tables import random_case

CASE = random_case(0, images=5)


def counted(seed: int) -> Counts:
    return image_counts(CASE.table, np.random.default_rng(seed).integers(0, 4, len(CASE.table.image)))


def write(path: Path, counts: dict[str, Counts]) -> None:
    save_counts(path, counts, CASE.table.keys, CASE.table.classes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    counts = {"fixed": counted(0), "oracle.label": counted(1), "a.tp": counted(2)}
    write(tmp_path / "new" / "counts", counts)
    for source in (tmp_path / "new" / "counts", (tmp_path / "new" / "counts").read_bytes()):
        found, keys, classes = load_counts(source)
        assert (keys, classes) == (CASE.table.keys, CASE.table.classes)
        assert list(found) == sorted(counts)
        for name, count in counts.items():
            for part in ("tp", "predicted", "truth"):
                np.testing.assert_array_equal(getattr(found[name], part), getattr(count, part))
                assert getattr(found[name], part).dtype == np.int64


def test_equal_counts_are_equal_bytes_in_any_order_and_layout(tmp_path: Path) -> None:
    first, second = counted(0), counted(1)
    write(tmp_path / "a", {"x": first, "y": second})
    strided = Counts(*(np.asfortranarray(getattr(second, part)) for part in ("tp", "predicted", "truth")))
    write(tmp_path / "b", {"y": strided, "x": first})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_counts_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    other = image_counts(random_case(1, images=5).table, np.zeros(25, int))
    for counts in ({}, {"x": counted(0), "y": other}, {"x": counted(0).total()}):
        with pytest.raises(ValueError, match=r"Expected `counts` of shape \(5, 4\)"):
            write(tmp_path / "counts", counts)
    assert not list(tmp_path.iterdir())


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    with pytest.raises(UserError, match="counts is missing"):
        load_counts(path)
    write(path, {"x": counted(0)})
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UserError, match="counts holds no counts"):
        load_counts(path)
    with pytest.raises(UserError, match="The content holds no counts"):
        load_counts(b"nothing")

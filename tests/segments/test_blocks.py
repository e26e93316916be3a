"""Blocks: together they are the table, and no result depends on where it is cut."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.labelling import best_labelling
from groupseg.metrics.oracle import label_oracle
from groupseg.segments import blocks as module
from groupseg.segments.blocks import blocks, by_blocks, in_blocks, keep
from groupseg.segments.table import SegmentTable
from tests.tables import large_table, random_case, sliding_case


@pytest.fixture(params=[1, 7, 30, 10_000])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(module, "SEGMENTS", request.param)
    return request.param


def bare(table: SegmentTable) -> SegmentTable:
    """The table with two more images, at its end, that have no segment."""
    images = np.concatenate([table.image_embedding, table.image_embedding[:2]])
    return replace(table, keys=(*table.keys, "bare", "barer"), image_embedding=images)


@pytest.mark.parametrize("make", [random_case, sliding_case])
def test_blocks_are_subsets_in_order(make: Callable[..., Any], size: int) -> None:
    table = bare(make(0, images=6).table) if make is random_case else make(0, images=6).table
    parts, first = list(blocks(table)), 0
    assert sum((part.keys for part in parts), ()) == table.keys
    assert all(len(part.image) <= size or len(part.keys) == 1 for part in parts)
    for part in parts:
        expected = table.subset(range(first, first + len(part.keys)))
        first += len(part.keys)
        for name in ("image", "embedding", "area", "image_embedding"):
            np.testing.assert_array_equal(getattr(part, name), getattr(expected, name))
        np.testing.assert_array_equal(part.histogram.toarray(), expected.histogram.toarray())
        for entry in fields(part.parts) if part.parts else ():
            held, wanted = (getattr(one.parts, entry.name) for one in (part, expected))
            if entry.name == "members":
                held, wanted = held.toarray(), wanted.toarray()
            np.testing.assert_array_equal(held, wanted)


def test_an_empty_table_is_one_empty_block() -> None:
    (only,) = blocks(random_case(0).table.subset([]))
    assert len(only.image) == 0


def test_what_is_found_in_blocks_is_put_together(size: int) -> None:
    table = random_case(1, images=5).table
    order = np.arange(len(table.image))
    area, rows = in_blocks(lambda block, rows: (block.area, rows), table, order)
    np.testing.assert_array_equal(area, table.area)
    np.testing.assert_array_equal(rows, order)
    np.testing.assert_array_equal(in_blocks(lambda block: block.image_embedding, table), table.image_embedding)


def test_large_results_lie_in_a_file_and_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = large_table(0, segments=600, classes=7, images=60)
    monkeypatch.setattr(module, "SEGMENTS", 20)
    in_memory = in_blocks(lambda block: (block.area, block.image_embedding), table)
    monkeypatch.setattr(module, "SPILL", 1000)
    in_file = in_blocks(lambda block: (block.area, block.image_embedding), table)
    for first, second in zip(in_memory, in_file, strict=True):
        assert first.base is None
        assert isinstance(second.base, np.memmap)
        assert type(second) is np.ndarray
        np.testing.assert_array_equal(first, second)


def test_a_method_by_blocks_is_called_with_each(size: int) -> None:
    class Counting:
        seen = 0

        @by_blocks
        def double(self, table: SegmentTable, factor: int, plus: int = 0) -> np.ndarray:
            """Says so."""
            self.seen += 1
            return factor * table.area + plus

    table, counting = random_case(2, images=5).table, Counting()
    np.testing.assert_array_equal(counting.double(table, 2, plus=1), 2 * table.area + 1)
    assert counting.seen == len(list(blocks(table)))
    assert counting.double.__doc__ == "Says so."


def test_what_is_kept_can_be_read_again_and_again() -> None:
    random = np.random.default_rng(0)
    made = [[random.normal(size=(3, 2)), np.arange(4)], [np.empty((0, 2)), np.ones((2, 3, 1), dtype=np.float32)]]
    with keep(made) as kept:
        for _ in range(2):
            for found, expected in zip(kept, made, strict=True):
                for array, wanted in zip(found, expected, strict=True):
                    np.testing.assert_array_equal(array, wanted)
                    assert array.dtype == wanted.dtype
                found[0][:] = 9  # what is read is a copy


def test_counts_and_oracles_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = large_table(0, segments=600, classes=7, images=60)
    allowed = np.broadcast_to(True, table.histogram.shape)
    found = []
    for size in (20, 10_000):
        monkeypatch.setattr(module, "SEGMENTS", size)
        labels = label_oracle(table)
        counts = image_counts(table, labels)
        found.append([labels, counts.tp, counts.predicted, counts.truth, best_labelling(table, allowed, labels)])
    for first, second in zip(*found, strict=True):
        np.testing.assert_array_equal(first, second)

"""What processes leave, put together, against one process that has seen all images."""

from pathlib import Path

import pytest

from groupseg.networks.frame import Frame, Square, Windows
from groupseg.segments import build, join
from groupseg.segments.build import build_table
from groupseg.segments.join import is_own, join_items, join_tables
from groupseg.segments.table import SegmentTable
from tests.segments.networks import RandomNetwork
from tests.segments.test_build import CLASSES, PROTOCOL, samples

BLOCK = 4
IMAGES = samples(3 * BLOCK + 2)
# The last process has no image where there are fewer blocks than processes.
SHARES = [(len(IMAGES), 2), (len(IMAGES), 3), (2 * BLOCK, 2), (BLOCK + 1, 4)]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (build, join):
        monkeypatch.setattr(module, "BLOCK", BLOCK)


def own(images: int, rank: int, size: int) -> list[int]:
    return [number for number in range(images) if is_own(number, rank, size)]


@pytest.mark.parametrize("frame", [Square(16), Windows(short=16, long=40, crop=16, stride=12)])
@pytest.mark.parametrize(("images", "size"), SHARES)
def test_tables_of_processes_are_the_bytes_of_one(tmp_path: Path, frame: Frame, images: int, size: int) -> None:
    network = RandomNetwork(frame)

    def table(numbers: list[int]) -> SegmentTable:
        chosen = [IMAGES[number] for number in numbers]
        return build_table(network, chosen, CLASSES, True, PROTOCOL, lambda key, segments: None)

    shares = [numbers for rank in range(size) if (numbers := own(images, rank, size))]
    join_tables([table(numbers) for numbers in shares]).save(tmp_path / "joined")
    table(list(range(images))).save(tmp_path / "whole")
    assert (tmp_path / "joined").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize(("images", "size"), SHARES)
def test_things_of_images_are_joined_in_the_order_of_images(images: int, size: int) -> None:
    shares = [numbers for rank in range(size) if (numbers := own(images, rank, size))]
    assert sum(map(len, shares)) == images
    assert list(join_items([iter(numbers) for numbers in shares])) == list(range(images))


def test_tables_that_are_not_shares_of_a_split_are_an_error() -> None:
    network = RandomNetwork(Square(16))
    tables = [
        build_table(network, IMAGES[:count], CLASSES, True, PROTOCOL, lambda key, segments: None) for count in (3, 2)
    ]
    with pytest.raises(ValueError, match=r"one split shared out in blocks of 4, but got \[3, 2\] images"):
        join_tables(tables)

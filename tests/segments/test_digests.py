"""A table knows the pixels of its images."""

from groupseg.datasets.content import pixel_digest
from groupseg.networks.frame import Square
from groupseg.segments.build import build_table
from tests.segments.networks import RandomNetwork
from tests.segments.test_build import CLASSES, PROTOCOL, samples


def test_digests_are_those_of_the_images_in_order() -> None:
    images = samples(5)
    table = build_table(RandomNetwork(Square(16)), images, CLASSES, True, PROTOCOL, lambda key, segments: None)
    assert table.digests == tuple(pixel_digest(sample.image) for sample in images)

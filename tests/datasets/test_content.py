"""Digests of pixels: the same for equal pictures alone."""

import numpy as np

from groupseg.datasets.content import pixel_digest


def test_a_digest_is_that_of_size_and_pixels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    other = image.copy()
    other[1, 2, 0] ^= 1
    assert pixel_digest(image) == pixel_digest(np.asfortranarray(image))
    assert len({pixel_digest(one) for one in (image, other, image.reshape(6, 4, 3), image.transpose(1, 0, 2))}) == 4

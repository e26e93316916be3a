import numpy as np
import torch
from PIL import Image

from groupseg.training.augment import augment, shrink


def test_a_batch_is_flipped_and_shifted_as_one() -> None:
    images = torch.randn(3, 3, 32, 40)
    padded = torch.nn.functional.pad(images, (10,) * 4, mode="reflect")
    for seed in range(6):
        done = augment(images, torch.Generator().manual_seed(seed))
        assert done.shape == images.shape
        windows = [
            (flipped, top, left)
            for flipped, source in ((False, padded), (True, padded.flip(3)))
            for top in range(21)
            for left in range(21)
            if torch.equal(source[:, :, top : top + 32, left : left + 40], done)
        ]
        assert windows


def test_equal_generators_augment_alike() -> None:
    images = torch.randn(2, 3, 32, 32)
    first, second = (augment(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_shrinking_is_that_of_pillow() -> None:
    images = torch.randint(0, 256, (2, 3, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    shrunk = shrink(images, 32)
    for image, small in zip(images, shrunk, strict=True):
        pillow = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((32, 32), Image.Resampling.BILINEAR)
        expected = torch.from_numpy(np.array(pillow)).permute(2, 0, 1).float()
        torch.testing.assert_close(small, expected, atol=0.7, rtol=0)  # Pillow rounds twice

import torch

from groupseg.networks.scenes.training.augment import augment


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

import numpy as np

from groupseg.explore.choice import choose_images

CLASSES = ("cat", "dog", "owl")


def test_gains_middle_and_losses_come_first_then_what_is_rare() -> None:
    gain = np.array([0.0, 0.5, -0.4, 0.1, 0.3, -0.2, np.nan, 0.05, 0.02])
    right = np.stack([np.full(len(gain), 0.5), 0.5 + gain], axis=1)
    pixels = np.zeros((len(gain), 4), np.int64)
    pixels[:, :2] = 10
    pixels[[0, 5], 2] = 3, 9  # dogs
    pixels[8, 3] = 1  # an owl, the rarest
    chosen = choose_images(right, pixels, CLASSES, 6)
    assert list(chosen) == [1, 7, 2, 8, 5, 4]
    assert chosen[1] == "among the largest gains"
    assert chosen[7] == "a middling gain"
    assert chosen[2] == "among the largest losses"
    assert "owl" in chosen[8]
    assert "dog" in chosen[5]


def test_all_images_are_shown_where_there_are_no_more() -> None:
    right = np.stack([np.zeros(4), np.array([0.1, 0.2, -0.1, np.nan])], axis=1)
    pixels = np.ones((4, 4), np.int64)
    assert set(choose_images(right, pixels, CLASSES, 24)) == {0, 1, 2}
    assert len(choose_images(right, pixels, CLASSES, 2)) == 2
    assert list(choose_images(np.full((2, 2), np.nan), pixels[:2] * 0, CLASSES, 24)) == [0, 1]

import pytest
import torch

from groupseg.networks.scenes.architecture import Architecture
from tests.networks.scenes.tiny import TINY, tiny_model


def test_shapes() -> None:
    model = tiny_model()
    groups = model(torch.randn(3, 3, 32, 32))
    assert groups.segments.shape == (3, 4, 8)
    assert groups.image.shape == (3, 8)
    assert groups.logits.shape == (3, 4, 4, 4)
    assert groups.patches.shape == (3, 16, 8)


def test_image_is_the_normalised_mean_of_the_segments_that_own_a_patch() -> None:
    groups = tiny_model()(torch.randn(2, 3, 32, 32))
    for image in range(2):
        owners = groups.logits[image].argmax(0).unique()
        mean = groups.segments[image, owners].mean(0)
        torch.testing.assert_close(groups.image[image], mean / mean.norm())
        assert torch.equal(groups.occupied[image].nonzero()[:, 0], owners)


def test_images_of_a_batch_do_not_touch_each_other() -> None:
    model, images = tiny_model(), torch.randn(3, 3, 32, 32)
    together, alone = model(images), model(images[1:2])
    torch.testing.assert_close(together.segments[1:2], alone.segments)
    torch.testing.assert_close(together.logits[1:2], alone.logits)


def test_scale_is_capped() -> None:
    model = tiny_model()
    model.log_scales["segment"].data.fill_(9.0)
    assert model.scale("segment").item() == 100.0
    assert model.scale("caption").item() == pytest.approx(13.46, abs=0.01)


@pytest.mark.parametrize(("name", "value"), [("resolution", 30), ("dim", 18), ("heads", 3), ("tokens", 0)])
def test_architecture_out_of_range(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        Architecture(**{**TINY, name: value})  # type: ignore[arg-type]

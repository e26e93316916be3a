from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GroupViTModel

from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.text import GroupViTText, load_groupvit_text
from groupseg.networks.groupvit.weights import save_groupvit
from tests.networks.groupvit.tiny import ABOUT, tiny_model

TEXTS = ["a photo of a dog.", "cat", "", "my red lorry, a houseplant and a very old television on a trip", "dog " * 200]


@pytest.fixture(scope="module")
def encoder() -> GroupViTText:
    return GroupViTText(tiny_model())


def test_texts_equal_those_of_transformers_whatever_their_length(ours: GroupViT, theirs: GroupViTModel) -> None:
    encoder = GroupViTText(ours)
    with torch.inference_mode():
        wanted = theirs.get_text_features(encoder._tokenizer(TEXTS)).pooler_output.numpy()
    np.testing.assert_allclose(encoder.encode(TEXTS, unit=False), wanted, atol=1e-4)
    unit = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.encode(TEXTS), unit, atol=1e-5)


def test_batches_and_order_change_nothing(encoder: GroupViTText) -> None:
    features = encoder.encode(TEXTS)
    np.testing.assert_allclose(encoder.encode(TEXTS, batch=2), features, atol=1e-6)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1]), features[::-1], atol=1e-6)
    assert len(np.unique(features.round(4), axis=0)) == len(TEXTS)


def test_the_text_tower_comes_out_of_the_file(encoder: GroupViTText, tmp_path: Path) -> None:
    save_groupvit(tiny_model().state_dict(), ABOUT, tmp_path / "tiny.safetensors")
    np.testing.assert_array_equal(
        load_groupvit_text(tmp_path / "tiny.safetensors").encode(TEXTS), encoder.encode(TEXTS)
    )

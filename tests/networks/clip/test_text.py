from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from groupseg.errors import UserError
from groupseg.networks.clip.text import ClipText, load_clip_text
from groupseg.networks.clip.weights import empty_clip, save_clip
from tests.networks.clip.tiny import CONFIG, NAME, about, tiny_clip

TEXTS = ["a photo of a cat.", "sofa", "a photo of one small and very old potted plant in a large room.", "", "Sofa "]


@pytest.mark.parametrize("unit", [True, False])
def test_texts_are_encoded_as_open_clip_does_at_full_length(tmp_path: Path, unit: bool) -> None:
    model = tiny_clip()
    save_clip(model.state_dict(), about(), tmp_path / "model.safetensors")
    tokens = open_clip.SimpleTokenizer(context_length=24)(TEXTS)
    expected = model.encode_text(tokens, normalize=unit).detach().numpy()
    found = load_clip_text(tmp_path / "model.safetensors").encode(TEXTS, unit=unit, batch=2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_no_token_is_read_in_vain_unless_tokens_look_ahead() -> None:
    tokens = open_clip.SimpleTokenizer(context_length=24)(TEXTS)
    assert ClipText(tiny_clip(), NAME).lengths(tokens).tolist() == [8, 3, 17, 2, 3]
    torch.manual_seed(0)
    changed = {**CONFIG["text_cfg"], "no_causal_mask": True, "pool_type": "last"}
    ahead = open_clip.CLIP(**{**CONFIG, "text_cfg": changed}).eval()
    encoder = ClipText(ahead, NAME)
    assert encoder.lengths(tokens).tolist() == [24] * 5
    expected = ahead.encode_text(tokens, normalize=True).detach().numpy()
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, rtol=1e-4, atol=1e-6)


def test_a_tokenizer_that_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="the tokenizer of 'ViT-L-14-CLIPA' is not on this machine"):
        ClipText(empty_clip("ViT-L-14-CLIPA").to_empty(device="cpu"), "ViT-L-14-CLIPA")

"""The text tower of a CLIP model as a text encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.transformer import text_global_pool
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from groupseg.errors import UserError
from groupseg.networks.clip.weights import load_text
from groupseg.networks.device import device


class ClipText:
    """A `groupseg.text.encoder.Encoder`: texts in the space of the patches, by the model's own tokenizer.

    Args:
        model: Whose text tower it is; brought to the device of `groupseg.networks.device.device`.
        name: Of the model in open_clip.

    Raises:
        UserError: If the tokenizer is one of Hugging Face that is not on this machine.
    """

    # CLIP averages the unit vectors of templates (arXiv 2103.00020, section 3.1.4), and so do all dense methods.
    averages_unit = True

    def __init__(self, model: open_clip.CLIP, name: str) -> None:
        self._device = device()
        self._model = model.to(self._device).eval()
        try:
            self._tokenizer = open_clip.get_tokenizer(name)
        except (OSError, ValueError) as error:
            raise UserError(
                f"clip.name: the tokenizer of {name!r} is not on this machine ({str(error).splitlines()[0]}). Load it "
                f"once with `HF_HUB_OFFLINE=0`, or take a model with CLIP's own tokenizer, as ViT-B-16-quickgelu."
            ) from error

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], unit: bool = True, batch: int = 256) -> NDArray[np.float32]:
        """Returns float32 [len(texts), D], in the order of `texts`; L2-normalised where `unit`."""
        tokens = self._tokenizer(list(texts))
        lengths = self.lengths(tokens)
        order = lengths.argsort(stable=True)
        result = None
        with tqdm(total=len(texts), desc="embed text", unit="text", disable=None) as bar:
            for rows in torch.split(order, batch):
                features = self.features(tokens[rows, : int(lengths[rows].max())].to(self._device)).float()
                if result is None:
                    result = torch.empty(len(texts), features.shape[1])
                result[rows] = (F.normalize(features, dim=1) if unit else features).cpu()
                bar.update(len(rows))
        return np.asarray(torch.empty(0) if result is None else result.numpy())

    def lengths(self, tokens: Tensor) -> Tensor:
        """How many tokens of each text must be read, int64 [B].

        Where no token looks at what follows it, those up to the one that stands for the text, which has the highest
        number; else all.
        """
        if self._model.attn_mask is None or self._model.text_pool_type != "argmax":
            return torch.full((len(tokens),), tokens.shape[1])
        return tokens.argmax(dim=1) + 1

    def features(self, tokens: Tensor) -> Tensor:
        """Encodes texts as `open_clip.CLIP.encode_text` does, but of any length: int [B, L] to float [B, D]."""
        model, length = self._model, tokens.shape[1]
        mask = None if model.attn_mask is None else model.attn_mask[:length, :length]
        x = model.token_embedding(tokens) + model.positional_embedding[:length]
        x = model.ln_final(model.transformer(x, attn_mask=mask))
        pooled = text_global_pool(x, tokens, model.text_pool_type, eos_token_id=model.text_eos_id)
        projection = model.text_projection
        projected: Tensor = projection(pooled) if isinstance(projection, nn.Module) else pooled @ projection
        return projected


def load_clip_text(path: str | Path) -> ClipText:
    """Reads the text tower in a file that `groupseg.networks.clip.weights.save_clip` wrote.

    Raises:
        UserError: If the file is missing or truncated, its tensors do not fit what it says it is, or there is no
            tokenizer for it.
    """
    model, about = load_text(path)
    return ClipText(model, about.clip.name)

"""The text tower of GroupViT as a text encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import SimpleTokenizer
from torch.nn import functional as F
from tqdm import tqdm

from groupseg.networks.device import device
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.weights import load_groupvit


class GroupViTText:
    """A `groupseg.text.encoder.Encoder`: texts in the space of the groups, by the byte pairs of CLIP.

    Args:
        model: Whose text tower it is; brought to the device of `groupseg.networks.device.device`.
    """

    # The released code averages the templates of a class before it normalises (build_text_embedding in
    # models/multi_label_contrastive.py).
    averages_unit = False

    def __init__(self, model: GroupViT) -> None:
        self._device = device()
        self._model = model.to(self._device).eval()
        self._tokenizer = SimpleTokenizer(context_length=model.architecture.context)

    @torch.inference_mode()
    def encode(self, texts: Sequence[str], unit: bool = True, batch: int = 256) -> NDArray[np.float32]:
        """Returns float32 [len(texts), D], in the order of `texts`; L2-normalised where `unit`."""
        tokens = self._tokenizer(list(texts))
        # Of like length together, and no longer than the longest: no token looks at what follows it.
        lengths = tokens.argmax(dim=1) + 1
        order = lengths.argsort(stable=True)
        result = torch.empty(len(texts), self._model.architecture.space)
        with tqdm(total=len(texts), desc="embed text", unit="text", disable=None) as bar:
            for rows in order.split(batch):
                features = self._model.encode_text(tokens[rows, : int(lengths[rows].max())].to(self._device)).float()
                result[rows] = (F.normalize(features, dim=1) if unit else features).cpu()
                bar.update(len(rows))
        return np.asarray(result.numpy())


def load_groupvit_text(path: str | Path) -> GroupViTText:
    """Reads the text tower in a file that `groupseg.networks.groupvit.weights.save_groupvit` wrote.

    Raises:
        UserError: If the file is missing, truncated, or its tensors do not fit what it says it is.
    """
    return GroupViTText(load_groupvit(path)[0])

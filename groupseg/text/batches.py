"""How text towers are run: texts of like length lie together, so that none is padded far."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm


def encode_batches(
    encode: Callable[[Tensor], Tensor], tokens: Tensor, lengths: Tensor, unit: bool, batch: int
) -> NDArray[np.float32]:
    """Encodes texts.

    Args:
        encode: From int [B, l], the first tokens of some texts, to float [B, D]; what comes after the length of a text
            must change nothing.
        tokens: int [N, L], at least one text.
        lengths: int [N], how many tokens of each must be read.
        unit: Whether vectors are L2-normalised.
        batch: How many texts are encoded together.

    Returns:
        float32 [N, D], in the order of `tokens`.
    """
    order = lengths.argsort(stable=True)
    found = []
    with torch.inference_mode(), tqdm(total=len(tokens), desc="embed text", unit="text", disable=None) as bar:
        for rows in torch.split(order, batch):
            features = encode(tokens[rows, : int(lengths[rows].max())]).float()
            found.append((F.normalize(features, dim=1) if unit else features).cpu())
            bar.update(len(rows))
    result = np.empty((len(tokens), found[0].shape[1]), np.float32)
    result[order.numpy()] = torch.cat(found).numpy()
    return result

"""The blocks of a CLIP image tower; for dense features the last has several methods, each a line of `METHODS`."""

from typing import NamedTuple

import torch
from open_clip.transformer import QuickGELU, ResidualAttentionBlock
from torch import Tensor, nn
from torch.nn import functional as F

from groupseg.networks.clip.config import Attention

ALL_TOKENS = slice(None)

_STEEP = 1.702  # the factor of QuickGELU


class Method(NamedTuple):
    """How patches are attended to, and what is left of the block around the attention.

    Attributes:
        pairs: Similarities whose softmaxes are added up: "qk" are queries with keys, and so on. None: a patch sees
            itself alone.
        whole: Whether the residual connection and the feed-forward network stay.
        sigma: Standard deviation, patches, of a Gaussian around each patch that is added to the logits; None for none.
    """

    pairs: tuple[str, ...]
    whole: bool
    sigma: float | None = None


# With q, k, v = (queries, keys, values) of LN1(x), tau = sqrt(width of a head), proj = the output projection:
METHODS: dict[Attention, Method] = {
    # CLIP (arXiv 2103.00020) as it was trained: y = x + proj(softmax(q k' / tau) v), then y + FFN(LN2(y)).
    "plain": Method(("qk",), whole=True),
    # MaskCLIP (arXiv 2112.01071, section 3.2): queries and keys go, y = x + proj(v), then y + FFN(LN2(y)), as its code
    # (mmseg/models/backbones/vit.py, `return_qkv`) does for a ViT. Without its key smoothing and prompt denoising.
    "maskclip": Method((), whole=True),
    # SCLIP (arXiv 2312.01597, section 3, correlative self-attention; clip/model.py, `csa`):
    # y = x + proj((softmax(q q' / tau) + softmax(k k' / tau)) v), then y + FFN(LN2(y)). The sum, not the mean.
    "sclip": Method(("qq", "kk"), whole=True),
    # ClearCLIP (arXiv 2407.12442, section 3; open_clip/transformer.py, `ignore_residual`):
    # y = proj(softmax(q q' / tau) v), no residual connection, no FFN.
    "clearclip": Method(("qq",), whole=False),
    # NACLIP (arXiv 2404.08181, section 3; clip/model.py, arch `reduced`, gaussian_std 5):
    # y = proj(softmax(k k' / tau + omega) v), no residual connection, no FFN; omega: see `neighbourhood`.
    "naclip": Method(("kk",), whole=False, sigma=5.0),
}


def run_block(
    block: ResidualAttentionBlock,
    tokens: Tensor,
    grid: tuple[int, int],
    method: Method = METHODS["plain"],
    rows: slice = ALL_TOKENS,
) -> Tensor:
    """Computes a block as a method does.

    Where `method` is "plain" this is the block of open_clip. That one goes through `nn.MultiheadAttention`, which in
    inference on a CPU holds every logit of a batch in memory; here a head's logits stay in the cache.

    Args:
        block: Of the tower.
        tokens: The class token, then the patches row by row, float [B, 1 + h * w, width].
        grid: (h, w).
        method: One of `METHODS`.
        rows: Tokens that are wanted. The others are seen by them and no more.

    Returns:
        float [B, rows, width].
    """
    attended = attend(block, block.ln_1(tokens), grid, method, rows)
    if not method.whole:
        return attended
    tokens = tokens[:, rows] + block.ls_1(attended)
    result: Tensor = tokens + block.ls_2(feed_forward(block.mlp, block.ln_2(tokens)))
    return result


def attend(
    block: ResidualAttentionBlock, normed: Tensor, grid: tuple[int, int], method: Method, rows: slice = ALL_TOKENS
) -> Tensor:
    """Computes the attention alone, output projection included; see `run_block`."""
    attention = block.attn
    projected = F.linear(normed, attention.in_proj_weight, attention.in_proj_bias)
    # [B, 1 + h * w, 3 * width] to three of [B, heads, 1 + h * w, width / heads].
    query, key, value = projected.view(*normed.shape[:2], 3, attention.num_heads, -1).permute(2, 0, 3, 1, 4)
    bias = None
    if method.sigma is not None:
        bias = neighbourhood(grid, method.sigma).to(value)[rows]
    sides = {"q": query, "k": key}
    # The scale of scaled_dot_product_attention is 1 / tau.
    mixed = [
        F.scaled_dot_product_attention(sides[pair[0]][:, :, rows], sides[pair[1]], value, attn_mask=bias)
        for pair in method.pairs
    ]
    heads = torch.stack(mixed).sum(dim=0) if mixed else value[:, :, rows]
    result: Tensor = attention.out_proj(heads.transpose(1, 2).flatten(2))
    return result


def feed_forward(mlp: nn.Sequential, x: Tensor) -> Tensor:
    """Computes the feed-forward network of a block, float [..., width] to the same shape.

    QuickGELU, x sigmoid(1.702 x), is silu(1.702 x) / 1.702. Both factors go into the matrix products, so that one pass
    over the widest tensor of the tower is left of four, and no copy of it.
    """
    wide, activation, narrow = mlp
    if not isinstance(activation, QuickGELU):
        result: Tensor = mlp(x)
        return result
    assert isinstance(wide, nn.Linear)
    assert isinstance(narrow, nn.Linear)
    hidden = torch.addmm(wide.bias, x.flatten(0, -2), wide.weight.T, beta=_STEEP, alpha=_STEEP)
    hidden = F.silu(hidden, inplace=True)
    return torch.addmm(narrow.bias, hidden, narrow.weight.T, alpha=1 / _STEEP).view(x.shape)


def neighbourhood(grid: tuple[int, int], sigma: float) -> Tensor:
    """Adds to the attention of a patch on another exp(-d^2 / (2 sigma^2)), d = their distance (NACLIP, section 3).

    Args:
        grid: Rows and columns of patches.
        sigma: Patches.

    Returns:
        float32 [1 + h * w, 1 + h * w]; zeros in the row and column of the class token.
    """
    place = torch.cartesian_prod(*(torch.arange(side, dtype=torch.float32) for side in grid))
    squared = (place.unsqueeze(0) - place.unsqueeze(1)).square().sum(dim=2)
    return F.pad(torch.exp(-squared / (2 * sigma**2)), (1, 0, 1, 0))

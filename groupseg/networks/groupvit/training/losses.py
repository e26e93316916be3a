"""The losses of GroupViT (arXiv 2202.11094, section 3.2); that of images and captions is `open_clip.ClipLoss`."""

import torch
from torch import Tensor
from torch.nn import functional as F


def multi_label_loss(images: Tensor, prompts: Tensor, scale: Tensor) -> Tensor:
    """Soft cross-entropy between images and the prompts of all images, in both directions (equations 8 and 9).

    Every one of the K prompts of an image is to have 1/K of its softmax, and the prompts of the others none.

    Args:
        images: float [B, D], L2-normalised.
        prompts: float [B, K, D], L2-normalised.
        scale: What cosines are multiplied by, a scalar.

    Returns:
        The mean over both directions, a scalar.
    """
    count, each = prompts.shape[:2]
    scores = scale * images @ prompts.flatten(0, 1).T
    own = scores.view(count, count, each).diagonal(dim1=0, dim2=1)
    to_prompts = (scores.logsumexp(dim=1) - own.mean(dim=0)).mean()
    owner = torch.arange(count, device=images.device).repeat_interleave(each)
    return (to_prompts + F.cross_entropy(scores.T, owner)) / 2

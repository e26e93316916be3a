"""The background constraint: every segment is something that its caption names, or background.

All three losses read one soft assignment of segments to nouns and background. None sees a mask.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.scenes.training.losses import pooling, similarity

# Less, and the background grows over what is named but hard to see.
_FOUND = 3.0
_AREA = 0.4  # of an image that its caption names: the prior of TCL


class NounAssignment(NamedTuple):
    """What segments are: one of all nouns, or background.

    Attributes:
        cosine: Of nouns and segments, float [N, B, G].
        log_chance: Logarithms of the chances that a segment is background, first, or a noun, float [1 + N, B, G]; over
            the first axis the chances add up to 1.
    """

    cosine: Tensor
    log_chance: Tensor

    def claimed(self, nouns: Tensor) -> Tensor:
        """The chance that a segment is one of the nouns that are given for its image, bool [B, N]: float [B, G]."""
        return (self.log_chance[1:].exp() * nouns.T.unsqueeze(2)).sum(dim=0)


def assign(segments: Tensor, nouns: Tensor, background: Tensor, scale: Tensor) -> NounAssignment:
    """Assigns segments by a softmax over all nouns and the background, whose logit is the highest of K vectors.

    Args:
        segments: float [B, G, D], L2-normalised.
        nouns: float [N, D], L2-normalised.
        background: float [1, K, D].
        scale: Of the cosines, a scalar.
    """
    cosine = similarity(nouns, segments)
    nothing = similarity(background[0], segments).amax(dim=0, keepdim=True)
    return NounAssignment(cosine, (scale * torch.cat([nothing, cosine])).log_softmax(dim=0))


def background_loss(assignment: NounAssignment, occupied: Tensor, share: Tensor, mentions: Tensor) -> Tensor:
    """What is in an image is named in its caption, or is background.

    A segment's chance to be a noun that is named, or background, is to be high, weighted by area: learning from
    candidate labels (arXiv 2007.08929). For each noun named, some segment is to be it: without this all would be
    background.

    Args:
        assignment: Of the segments.
        occupied: Which of them own a patch, bool [B, G].
        share: Of the area, float [B, G].
        mentions: Which nouns a caption names, bool [B, N].

    Returns:
        A scalar >= 0.
    """
    cosine, chance = assignment
    allowed = torch.cat([torch.ones_like(mentions[:, :1]), mentions], dim=1).T
    explained = chance.masked_fill(~allowed.unsqueeze(2), float("-inf")).logsumexp(dim=0)
    found = (pooling(cosine, occupied) * chance[1:]).sum(dim=2)[mentions.T]
    return -(explained * share).sum(dim=1).mean() - _FOUND * found.sum() / mentions.sum().clamp(min=1)


def area_loss(assignment: NounAssignment, share: Tensor, mentions: Tensor) -> Tensor:
    """How far the named area is from .4 of the images, and that of nouns which other captions name from none.

    The area prior of TCL (arXiv 2212.00785): |mean(M+) - .4| + |mean(M-)|, both means over a whole batch. There a mask
    is a sigmoid for each pair of image and caption, and M- are the masks of all captions that belong to other images.
    Here masks are segments that nouns and the background share out among them. So what other captions claim adds up to
    one area, without the nouns that the image's own caption names too; and the size of segments is taken as given: the
    gradient changes what they are, not where they end. The total variation of TCL is left out.

    Args:
        assignment: Of the segments.
        share: Of the area, float [B, G].
        mentions: Which nouns a caption names, bool [B, N].

    Returns:
        A scalar >= 0. Images whose caption names nothing do not count in the first mean.
    """
    others = mentions.any(dim=0) & ~mentions
    own = (assignment.claimed(mentions) * share).sum() / mentions.any(dim=1).sum().clamp(min=1)
    other = (assignment.claimed(others) * share).sum(dim=1).mean()
    return (own - _AREA).abs() + other


def separation_loss(assignment: NounAssignment, segments: Tensor, share: Tensor, mentions: Tensor) -> Tensor:
    """How alike the foreground and the background of an image are.

    After the separation of SynSeg (arXiv 2508.06115), which pushes features of foreground and background apart. There
    each category of an image has a feature of either kind, from its activation map; here an image has one of all that
    its caption names and one of its background: means of its segments, weighted by area and by chance. Their cosine is
    to be no higher than 0: below, nothing pushes them on.

    Args:
        assignment: Of the segments.
        segments: float [B, G, D], L2-normalised.
        share: Of the area, float [B, G].
        mentions: Which nouns a caption names, bool [B, N].

    Returns:
        The mean over the images whose caption names something, a scalar in [0, 1]; 0 where there is none.
    """
    weights = torch.stack([assignment.claimed(mentions), assignment.log_chance[0].exp()]) * share
    foreground, background = F.normalize((weights.unsqueeze(3) * segments).sum(dim=2), dim=2)
    alike = (foreground * background).sum(dim=1).clamp(min=0)
    named = mentions.any(dim=1)
    loss: Tensor = alike[named].sum() / named.sum().clamp(min=1)
    return loss

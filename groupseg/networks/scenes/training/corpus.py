"""What training sees: images, their captions, and the nouns in them."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from groupseg.errors import UserError


@dataclass(frozen=True)
class LoadedCorpus:
    """M captioned images in memory, with the frozen embeddings of the texts.

    Attributes:
        images: uint8 [M, 3, H, W].
        caption: Row of the caption of each image in `captions`, int64 [M].
        mentions: Which nouns the caption of an image names, bool [M, K].
        captions: float32 [T, D], as the encoder gives them.
        nouns: float32 [K, D], as the encoder gives them.
    """

    images: Tensor
    caption: Tensor
    mentions: Tensor
    captions: Tensor
    nouns: Tensor

    def __post_init__(self) -> None:
        """Checks that the parts fit together.

        Raises:
            UserError: If there is no image, or no caption names anything.
        """
        if not len(self.images):
            raise UserError("corpora: there is no captioned image to train on. Raise `images:` in params.yaml.")
        if not self.mentions.any():
            raise UserError(
                "corpora: no caption names anything: nothing can be learned. Check the nouns of the captions."
            )


def centred(texts: Tensor, mean: Tensor) -> Tensor:
    """Takes off the mean text, a large part that all share and that says nothing; float [N, D] to unit [N, D]."""
    return F.normalize(texts - mean, dim=1)

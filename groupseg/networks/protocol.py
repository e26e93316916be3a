"""What the segment table needs of a network, whichever it is."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from groupseg.networks.frame import Frame


class WindowSegments(NamedTuple):
    """What a network says of a batch of windows, on the device it runs on.

    Attributes:
        embedding: float32 [B, G, D], the groups in the space of the class texts, L2-normalised; those that own no
            pixel too, for the official rule of GroupViT looks at them.
        image: float32 [B, D], the windows in the same space, L2-normalised.
        masks: Which group each pixel belongs to. Either float [B, G, h, w], soft masks at any resolution: they are
            brought to the size of the window bilinearly, and a pixel goes to the strongest. Or int64 [B, h, w], groups
            by number, brought there by the nearest pixel: for hundreds of groups, whose soft masks would fill the
            memory.
    """

    embedding: Tensor
    image: Tensor
    masks: Tensor


class Network(Protocol):
    """From windows to groups in the space of the class texts. Groups of one image are those of all its windows.

    Attributes:
        frame: How an image becomes windows.
        text_mean: float32 [D], mean text of the model, taken off class texts; zeros where it has none.
        scale: The logit scale that the model has learned for the cosines of groups and texts, in (0, 100].
        background: float32 [K, D], what the model has learned to be background; no rows where it has learned none.
        protocol: In words, how it is run: that of `frame`, and what else figures depend on, such as "normalisation".
    """

    @property
    def frame(self) -> Frame:
        """See above."""
        ...

    @property
    def text_mean(self) -> NDArray[np.float32]:
        """See above."""
        ...

    @property
    def scale(self) -> float:
        """See above."""
        ...

    @property
    def background(self) -> NDArray[np.float32]:
        """See above."""
        ...

    @property
    def protocol(self) -> dict[str, str]:
        """See above."""
        ...

    def __call__(self, images: Tensor) -> WindowSegments:
        """Segments windows of one size.

        Args:
            images: uint8 [B, 3, h, w], RGB, resized and cut as `frame` says, on the CPU. The network brings them to
                its device and normalises them; it is in evaluation mode and needs no gradient.
        """
        ...

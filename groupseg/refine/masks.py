"""The masks of a window refined as the settings say."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from groupseg.refine.guided import guided
from groupseg.refine.pamr import pamr
from groupseg.refine.settings import Guided, Pamr, Refine


def refinement(refine: Refine, window: Tensor) -> Callable[[Tensor], Tensor] | None:
    """Prepares what refines masks by the colours of a window.

    Args:
        refine: How.
        window: uint8 [3, h, w], on the device of the masks.

    Returns:
        From soft masks of any size, float32 [G, ...], to masks of the size of the window, [G, h, w]; each by itself, so
        that they may come in pieces. None where masks stay as they are.
    """
    match refine:
        case Guided():
            own = guided(window, refine.radius, refine.epsilon)
        case Pamr():
            own = pamr(window, refine.dilations, refine.steps)
        case _:
            return None

    def refined(masks: Tensor) -> Tensor:
        return own(F.interpolate(masks[None], size=window.shape[1:], mode="bilinear", align_corners=False)[0])

    return refined

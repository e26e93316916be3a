"""Zero-shot segmentation with text-grouped segments, and the background decision on top of them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupseg.predict.segmenter import Segmenter

__all__ = ["Segmenter"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads what is exported when it is first asked for: the libraries behind it take seconds."""
    if name != "Segmenter":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from groupseg.predict.segmenter import Segmenter

    return Segmenter

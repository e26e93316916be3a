"""Zero-shot segmentation with text-grouped segments, and the background decision on top of them."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupseg.predict.segmenter import Segmenter
    from groupseg.segments.pixels import from_scores

__all__ = ["Segmenter", "from_scores"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads what is exported when it is first asked for: the libraries behind it take seconds."""
    if name == "Segmenter":
        from groupseg.predict.segmenter import Segmenter

        return Segmenter
    if name == "from_scores":
        from groupseg.segments.pixels import from_scores

        return from_scores
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

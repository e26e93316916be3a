"""Zero-shot segmentation with text-grouped segments, and the background decision on top of them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupseg.errors import UserError
    from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
    from groupseg.metrics.confusion import Counts, confusion_matrix, image_counts
    from groupseg.metrics.curve import threshold_curve
    from groupseg.metrics.iou import iou, mean_iou
    from groupseg.metrics.oracle import label_oracle
    from groupseg.metrics.pairs import compare_pairs
    from groupseg.predict.segmenter import Segmenter
    from groupseg.segments.pixels import Scored, from_scores
    from groupseg.segments.table import SegmentTable
    from groupseg.segments.vocabulary import Vocabulary
    from groupseg.strategies.fixed import Fixed
    from groupseg.strategies.per_class import PerClass
    from groupseg.strategies.registry import build as build_strategy
    from groupseg.strategies.registry import load as load_strategy
    from groupseg.strategies.relative import Relative
    from groupseg.strategies.threshold import Threshold

__all__ = [
    "Counts",
    "Fixed",
    "PerClass",
    "Relative",
    "Scored",
    "SegmentTable",
    "Segmenter",
    "Threshold",
    "UserError",
    "Vocabulary",
    "bootstrap_miou",
    "build_strategy",
    "compare_pairs",
    "confusion_matrix",
    "from_scores",
    "image_counts",
    "interval",
    "iou",
    "label_oracle",
    "load_strategy",
    "mean_iou",
    "resample_weights",
    "threshold_curve",
]
__version__ = "0.1.0"

# The module of each public name, and its name there where that is another.
_SOURCES = {
    "Counts": "metrics.confusion",
    "Fixed": "strategies.fixed",
    "PerClass": "strategies.per_class",
    "Relative": "strategies.relative",
    "Scored": "segments.pixels",
    "SegmentTable": "segments.table",
    "Segmenter": "predict.segmenter",
    "Threshold": "strategies.threshold",
    "UserError": "errors",
    "Vocabulary": "segments.vocabulary",
    "bootstrap_miou": "metrics.bootstrap",
    "build_strategy": "strategies.registry:build",
    "compare_pairs": "metrics.pairs",
    "confusion_matrix": "metrics.confusion",
    "from_scores": "segments.pixels",
    "image_counts": "metrics.confusion",
    "interval": "metrics.bootstrap",
    "iou": "metrics.iou",
    "label_oracle": "metrics.oracle",
    "load_strategy": "strategies.registry:load",
    "mean_iou": "metrics.iou",
    "resample_weights": "metrics.bootstrap",
    "threshold_curve": "metrics.curve",
}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for: the libraries behind some take seconds, or are not installed."""
    if name not in _SOURCES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from groupseg.extras import extra

    module, _, attribute = _SOURCES[name].partition(":")
    with extra("clip"):
        return getattr(import_module(f"groupseg.{module}"), attribute or name)

"""Zero-shot segmentation with text-grouped segments, and the background decision on top of them."""

__version__ = "0.1.0"

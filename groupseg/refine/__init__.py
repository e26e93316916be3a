"""Masks refined by the colours of the image."""

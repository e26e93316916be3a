"""CLIP models of open_clip as segmenters: dense features of the image tower, and the text tower."""

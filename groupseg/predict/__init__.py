"""Segmenting anybody's images, with anybody's classes: `groupseg predict`, and the same in Python."""

"""Scores of pixels that somebody else's network gives: from files, or by a function of one's own."""

"""Counts, IoU, oracles, intervals and threshold curves: pure arithmetic on the segment table."""

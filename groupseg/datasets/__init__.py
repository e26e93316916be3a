"""Readers, one per layout of labelled images, and the shards that they all become."""

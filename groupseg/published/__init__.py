"""Configurations of published methods, which nobody needs to write into params.yaml."""

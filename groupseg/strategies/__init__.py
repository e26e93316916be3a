"""Strategies: how segment scores become labels, background included. One file each; `registry` lists them."""

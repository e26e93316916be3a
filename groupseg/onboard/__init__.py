"""One's own data: what a folder holds, what must be mended in it, and its section of params.yaml."""

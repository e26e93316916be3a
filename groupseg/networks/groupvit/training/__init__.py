"""How GroupViT learns from captions, as published, on any number of processes."""

"""How the network learns from captions."""

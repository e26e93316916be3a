"""Where networks run."""

import os

import torch


def device() -> torch.device:
    """Returns where networks run: what GROUPSEG_DEVICE says, else a GPU where there is one, else the CPU."""
    return torch.device(os.environ.get("GROUPSEG_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu"))

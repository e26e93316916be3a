"""From a file of weights to the network in it, whatever its kind: the file says what it is and how it is run."""

from pathlib import Path
from typing import TYPE_CHECKING

from groupseg.kinds import read_kind

if TYPE_CHECKING:
    from groupseg.segments.network import Network


def load_network(path: str | Path) -> "Network":
    """Reads the network in `models/<name>.safetensors`, ready for inference.

    Raises:
        UserError: If the file is missing or truncated, holds no network of ours, or its tensors do not fit what it
            says it is.
    """
    # Each kind imports what it needs itself, so that none waits for the libraries of another.
    match read_kind(path):
        case "architecture":
            from groupseg.segments.scene import load_scene_network

            return load_scene_network(path)
        case "groupvit":
            from groupseg.groupvit.network import load_groupvit_network

            return load_groupvit_network(path)
        case "clip":
            from groupseg.clip.network import load_clip_network

            return load_clip_network(path)

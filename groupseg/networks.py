"""From a file of weights to the network in it, whatever its kind: the file says what it is and how it is run."""

from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from groupseg.errors import UserError

if TYPE_CHECKING:
    from groupseg.segments.network import Network

# The one metadata entry of a file of weights is named by its kind.
_SCENE, _GROUPVIT, _CLIP = "architecture", "groupvit", "clip"


def load_network(path: str | Path) -> "Network":
    """Reads the network in `models/<name>.safetensors`, ready for inference on the CPU.

    Raises:
        UserError: If the file is missing or truncated, holds no network of ours, or its tensors do not fit what it
            says it is.
    """
    # Each kind imports what it needs itself, so that none waits for the libraries of another.
    kind = _kind(path)
    if kind == _SCENE:
        from groupseg.segments.scene import load_scene_network

        return load_scene_network(path)
    if kind == _GROUPVIT:
        from groupseg.groupvit.network import load_groupvit_network

        return load_groupvit_network(path)
    from groupseg.clip.network import load_clip_network

    return load_clip_network(path)


def _kind(path: str | Path) -> str:
    try:
        with safe_open(path, framework="numpy") as file:
            entries = file.metadata() or {}
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is no file of weights, or only a part of one ({error}). Delete it and run `dvc repro`."
        ) from error
    found = [kind for kind in (_SCENE, _GROUPVIT, _CLIP) if kind in entries]
    if len(found) != 1:
        raise UserError(
            f"{path} does not say which network it holds (metadata: {', '.join(sorted(entries)) or 'none'}). Bring "
            "published weights in with `groupseg weights convert`."
        )
    return found[0]

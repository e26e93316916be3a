"""The text tower of a network as an encoder, for networks that have one."""

from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import safe_open

if TYPE_CHECKING:
    from groupseg.text.encoder import Encoder


def load_text_tower(path: str | Path) -> "Encoder | None":
    """Returns the text tower in `models/<name>.safetensors`; None where its texts come from an encoder of their own.

    Raises:
        UserError: If the tensors do not fit what the file says it is.
    """
    with safe_open(path, framework="numpy") as file:
        entries = file.metadata() or {}
    if "groupvit" in entries:
        from groupseg.groupvit.text import load_groupvit_text

        return load_groupvit_text(path)
    if "clip" in entries:
        from groupseg.clip.text import load_clip_text

        return load_clip_text(path)
    return None

"""The text tower of a network as an encoder, for networks that have one."""

from pathlib import Path
from typing import TYPE_CHECKING

from groupseg.kinds import read_kind

if TYPE_CHECKING:
    from groupseg.text.encoder import Encoder


def load_text_tower(path: str | Path) -> "Encoder | None":
    """Returns the text tower in `models/<name>.safetensors`; None where its texts come from an encoder of their own.

    Raises:
        UserError: If the file is missing or truncated, holds no network of ours, or its tensors do not fit what it
            says it is.
    """
    match read_kind(path):
        case "architecture":
            return None
        case "groupvit":
            from groupseg.groupvit.text import load_groupvit_text

            return load_groupvit_text(path)
        case "clip":
            from groupseg.clip.text import load_clip_text

            return load_clip_text(path)

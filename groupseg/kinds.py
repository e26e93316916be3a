"""Which network a file of weights holds: the one metadata entry that it has is named by the kind."""

from pathlib import Path
from typing import Literal

from safetensors import SafetensorError, safe_open

from groupseg.errors import UserError
from groupseg.files import refuse_stand_in
from groupseg.plain_file import check_plain_file

# Trained here, GroupViT as published, and CLIP.
Kind = Literal["architecture", "groupvit", "clip"]
KINDS: tuple[Kind, ...] = ("architecture", "groupvit", "clip")


def read_kind(path: str | Path) -> Kind:
    """Reads no more of `models/<name>.safetensors` than what network it holds.

    Raises:
        UserError: If the file is missing or truncated, or does not say so.
    """
    if Path(path).exists() or Path(path).is_symlink():
        check_plain_file(path, "a file of weights, such as models/scenes_small.safetensors")
    refuse_stand_in(path)
    try:
        with safe_open(path, framework="numpy") as file:
            entries = file.metadata() or {}
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro`, which makes it.") from error
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is no file of weights, or only a part of one ({error}). Delete it and run `dvc repro`."
        ) from error
    found = [kind for kind in KINDS if kind in entries]
    if len(found) != 1:
        raise UserError(
            f"{path} does not say which network it holds (metadata: {', '.join(sorted(entries)) or 'none'}). Bring "
            "published weights in with `groupseg weights convert`."
        )
    return found[0]

"""Published files of weights into files of ours."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from groupseg.clip import weights as clip
from groupseg.clip.config import Clip
from groupseg.errors import UserError
from groupseg.foreign import as_checkpoint
from groupseg.groupvit import weights as groupvit
from groupseg.groupvit.architecture import GroupViTArchitecture
from groupseg.plain_file import check_plain_file
from groupseg.segments.frame import Windows


def convert_weights(
    source: Path,
    out: Path,
    network: GroupViTArchitecture | Clip,
    frame: Windows,
    precision: Literal["float32", "bfloat16"],
) -> None:
    """Reads weights, checks them, and writes them with all that is needed to run the network; equal bytes for equal.

    Args:
        source: A file that `groupseg.groupvit.weights.convert` or `groupseg.clip.weights.convert` reads.
        out: What is written, a safetensors file.
        network: What the file must hold.
        frame: How an image becomes windows; no smaller than a patch of the network, whatever it says of patches.
        precision: Of matrix products.

    Raises:
        UserError: If the file is missing, truncated, holds code or other tensors, or `out` cannot be written.
    """
    if source.exists() or source.is_symlink():
        check_plain_file(source, "a file of weights")
    try:
        _convert(source, out, network, frame, precision)
    except UserError as error:
        raise as_checkpoint(source, error) from error


def _convert(
    source: Path,
    out: Path,
    network: GroupViTArchitecture | Clip,
    frame: Windows,
    precision: Literal["float32", "bfloat16"],
) -> None:
    if isinstance(network, GroupViTArchitecture):
        state = groupvit.convert(source, network)
        frame = replace(frame, patch=network.patch)
        groupvit.save_groupvit(state, groupvit.About(architecture=network, frame=frame, precision=precision), out)
    else:
        state = clip.convert(source, network.name)
        frame = replace(frame, patch=clip.empty_clip(network.name).visual.patch_size[0])
        clip.save_clip(state, clip.About(clip=network, frame=frame, precision=precision), out)

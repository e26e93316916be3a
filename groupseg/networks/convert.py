"""Published files of weights into files of ours."""

from pathlib import Path
from typing import Any

from groupseg.errors import UserError
from groupseg.io.plain_file import check_plain_file
from groupseg.networks.base import Precision
from groupseg.networks.foreign import as_checkpoint
from groupseg.networks.frame import Windows
from groupseg.networks.registry import NETWORKS


def convert_weights(source: Path, out: Path, settings: Any, frame: Windows, precision: Precision) -> None:
    """Reads weights, checks them, and writes them with all that is needed to run the network; equal bytes for equal.

    Args:
        source: A file that the network's own conversion reads, such as `groupseg.networks.clip.weights.convert`.
        out: What is written, a safetensors file.
        settings: What the file must hold: the settings of a kind of network, such as `GroupViTArchitecture` or `Clip`.
        frame: How an image becomes windows; no smaller than a patch of the network, whatever it says of patches.
        precision: Of matrix products.

    Raises:
        UserError: If the file is missing, truncated, holds code or other tensors, or `out` cannot be written.
    """
    kind = next(kind for kind in NETWORKS.values() if isinstance(settings, type(kind.settings)))
    if (source.exists() or source.is_symlink()) and not (kind.name == "scores" and source.is_dir()):
        check_plain_file(source, "a file of weights")
    try:
        kind.convert(source, out, settings, frame, precision)
    except UserError as error:
        raise as_checkpoint(source, error) from error

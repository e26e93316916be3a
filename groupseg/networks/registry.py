"""All kinds of networks, and what a file of weights holds: it says itself what it is and how it is run."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from groupseg.errors import UserError
from groupseg.io.files import refuse_stand_in
from groupseg.io.plain_file import check_plain_file
from groupseg.networks.base import Kind
from groupseg.networks.clip.kind import ClipKind
from groupseg.networks.given.kind import GivenKind
from groupseg.networks.groupvit.kind import GroupViTKind
from groupseg.networks.scenes.kind import Small

if TYPE_CHECKING:
    from groupseg.networks.protocol import Network
    from groupseg.segments.table import SegmentKind
    from groupseg.text.encoder import Encoder

NETWORKS: dict[str, Kind] = {kind.name: kind for kind in (Small(), GroupViTKind(), ClipKind(), GivenKind())}


def find_kind(path: str | Path) -> Kind:
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
    found = [kind for name, kind in NETWORKS.items() if name in entries]
    if len(found) != 1:
        raise UserError(
            f"{path} does not say which network it holds (metadata: {', '.join(sorted(entries)) or 'none'}). Bring "
            "published weights in with `groupseg weights convert`."
        )
    return found[0]


def load_network(path: str | Path) -> "Network":
    """Reads the network in `models/<name>.safetensors`, ready for inference.

    Raises:
        UserError: If the file is missing or truncated, holds no network of ours, or its tensors do not fit what it
            says it is.
    """
    return find_kind(path).load(path)


def load_text_tower(path: str | Path) -> "Encoder | None":
    """Returns the text tower in `models/<name>.safetensors`; None where its texts come from an encoder of their own.

    Raises:
        UserError: As `load_network`.
    """
    return find_kind(path).text_tower(path)


def complete(section: Mapping[str, Any]) -> dict[str, Any]:
    """Fills in what the section of a network leaves out; one that is of no kind stays as it is."""
    kind = kind_of(section)
    return NETWORKS[kind].complete(section) if kind else dict(section)


def kind_of(section: Mapping[str, Any]) -> str | None:
    """Names the kind of network that a section is of, by the key that it alone has; None where there is none."""
    return next((name for name in NETWORKS if name in section), None)


def segments_of(section: Mapping[str, Any]) -> "SegmentKind":
    """Says what the segments of a network are described by, from its section of params.yaml."""
    kind = kind_of(section)
    return NETWORKS[kind].segments(section) if kind else "embeddings"

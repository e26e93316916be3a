"""GroupViT as a kind of network."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from groupseg.networks.base import Kind, Precision
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import PUBLISHED, GroupViTArchitecture

if TYPE_CHECKING:
    from groupseg.networks.protocol import Network
    from groupseg.text.encoder import Encoder


class GroupViTKind(Kind):
    """As published, with the windows of the released code."""

    name = "groupvit"
    section: ClassVar[dict[str, Any]] = {
        "groupvit": PUBLISHED,
        "frame": Windows(short=448, long=2048, crop=448, stride=224),
        "precision": "float32",
    }

    def load(self, path: str | Path) -> "Network":
        """Reads the network; see `Kind`."""
        from groupseg.networks.groupvit.network import load_groupvit_network

        return load_groupvit_network(path)

    def text_tower(self, path: str | Path) -> "Encoder":
        """Reads the text tower; see `Kind`."""
        from groupseg.networks.groupvit.text import load_groupvit_text

        return load_groupvit_text(path)

    def convert(
        self, source: Path, out: Path, settings: GroupViTArchitecture, frame: Windows, precision: Precision
    ) -> None:
        """Converts what `groupseg.networks.groupvit.weights.convert` reads; see `Kind`."""
        from groupseg.networks.groupvit.weights import About, convert, save_groupvit

        about = About(architecture=settings, frame=replace(frame, patch=settings.patch), precision=precision)
        save_groupvit(convert(source, settings), about, out)

"""CLIP as a kind of network."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from groupseg.networks.base import Kind, Precision
from groupseg.networks.clip.config import Clip
from groupseg.networks.frame import Windows

if TYPE_CHECKING:
    from groupseg.networks.clip.network import ClipNetwork
    from groupseg.networks.protocol import Network
    from groupseg.segments.table import SegmentKind
    from groupseg.text.encoder import Encoder


class ClipKind(Kind):
    """OpenAI's ViT-B/16 where nothing else is said, with attention, windows and scale of NACLIP's code."""

    name = "clip"
    section: ClassVar[dict[str, Any]] = {
        "clip": Clip(
            name="ViT-B-16-quickgelu", attention="naclip", clusters=32, connected=False, scale=40.0,
            normalisation="clip",
        ),
        "frame": Windows(short=336, long=2048, crop=224, stride=112),
        "precision": "float32",
    }  # fmt: skip

    def segments(self, section: Mapping[str, Any]) -> "SegmentKind":
        """Pixels have scores, clusters have embeddings; see `Kind`."""
        clip = section[self.name]
        return "scores" if isinstance(clip, Mapping) and clip.get("masks") == "pixels" else "embeddings"

    def load(self, path: str | Path) -> "Network":
        """Reads the network; see `Kind`."""
        from groupseg.networks.clip.network import load_clip_network

        return load_clip_network(path)

    def text_tower(self, path: str | Path) -> "Encoder":
        """Reads the text tower; see `Kind`."""
        from groupseg.networks.clip.text import load_clip_text

        return load_clip_text(path)

    def convert(self, source: Path, out: Path, settings: Clip, frame: Windows, precision: Precision) -> None:
        """Converts what `groupseg.networks.clip.weights.convert` reads; see `Kind`."""
        from groupseg.networks.clip.weights import About, convert, empty_clip, save_clip

        state = convert(source, settings.name)
        patch = empty_clip(settings.name).visual.patch_size[0]
        save_clip(state, About(clip=settings, frame=replace(frame, patch=patch), precision=precision), out)

    def graph(self, network: "ClipNetwork") -> "Network":
        """Returns the network with every patch as a group: k-means is no part of a graph, and can follow it."""
        return network.of_patches()

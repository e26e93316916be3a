"""The small network as a kind of network."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from groupseg.networks.base import Kind
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.training.recipe import Recipe

if TYPE_CHECKING:
    from groupseg.networks.protocol import Network


class Small(Kind):
    """Its texts come from a frozen encoder, and its weights from a training."""

    name = "architecture"
    section: ClassVar[dict[str, Any]] = {
        "architecture": Architecture(
            resolution=96, dim=128, depth=2, heads=4, tokens=12, merged=0, background=8, feature="local", text_dim=384
        ),
        "training": Recipe(
            steps=800, batch=64, matrix_rate=0.01, vector_rate=0.001, weight_decay=0.05, warmup=50, caption_weight=1.0,
            segment_weight=1.0, patch_weight=0.5, background_weight=0.0, area_weight=0.0, separation_weight=0.0, seed=0,
        ),
    }  # fmt: skip

    def load(self, path: str | Path) -> "Network":
        """Reads the network; see `Kind`."""
        from groupseg.networks.scenes.network import load_scene_network

        return load_scene_network(path)

"""Scores of somebody else's network as a kind of network: the file in models/ says where they come from."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from safetensors.numpy import save

from groupseg.errors import UserError
from groupseg.io.files import atomic_path, sha256
from groupseg.networks.base import Kind, Precision
from groupseg.networks.given.config import ScoreSource

if TYPE_CHECKING:
    from groupseg.networks.frame import Windows
    from groupseg.networks.protocol import Network
    from groupseg.segments.table import SegmentKind


class GivenKind(Kind):
    """Files in data/raw/scores where nothing else is said."""

    name = "scores"
    section: ClassVar[dict[str, Any]] = {"scores": ScoreSource(folder="data/raw/scores")}

    def complete(self, section: Mapping[str, Any]) -> dict[str, Any]:
        """Fills in nothing but the folder, which may be all that is said; see `Kind`."""
        given = section[self.name]
        if isinstance(given, str):
            return {**section, self.name: {"folder": given}}
        return dict(section) if given else super().complete(section)

    def segments(self, section: Mapping[str, Any]) -> "SegmentKind":
        """Pixels have scores; see `Kind`."""
        return "scores"

    def load(self, path: str | Path) -> "Network":
        """Refuses: there is no network."""
        raise UserError(
            f"{path} holds no network, but says where scores of pixels come from. Choose another model, or run "
            "`dvc repro`."
        )

    def convert(
        self, source: Path, out: Path, settings: ScoreSource, frame: "Windows | None", precision: Precision
    ) -> None:
        """Writes where scores come from, with digests of the files: other scores are another model.

        Of a function that is the module, where that is a file of the project.
        """
        from groupseg.sources.tree import Folder

        names = Folder(source).names() if source.is_dir() else []
        files = [source] if source.is_file() else [Folder(source).where(name) for name in names]
        if settings.folder is not None and not names:
            raise UserError(f"{source} holds no file. Put the scores there.")
        about = {"source": asdict(settings), "files": [sha256(file) for file in files]}
        with atomic_path(out) as temporary:
            temporary.write_bytes(save({}, {"scores": json.dumps(about)}))

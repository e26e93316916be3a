"""What a kind of network is: everything that one network does in another way than the others."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from groupseg.networks.frame import Windows
    from groupseg.networks.protocol import Network
    from groupseg.segments.table import SegmentKind
    from groupseg.text.encoder import Encoder

Precision = Literal["float32", "bfloat16"]


class Kind(ABC):
    """A kind of network; `groupseg.networks.registry` lists them all.

    Its methods import the network when they are called: none waits for the libraries of another.

    Attributes:
        name: The metadata entry by which its files of weights are known, and the key that tells its sections apart.
        section: What a section of this kind says, by key, where it leaves everything out. Under `name` is the dataclass
            of its shape.
    """

    name: ClassVar[str]
    section: ClassVar[dict[str, Any]]

    @property
    def settings(self) -> Any:
        """Its shape, where nothing else is said."""
        return self.section[self.name]

    def complete(self, section: Mapping[str, Any]) -> dict[str, Any]:
        """Fills in what a section leaves out, down to single settings."""
        filled = {**{key: _plain(value) for key, value in self.section.items()}, **section}
        for key, default in self.section.items():
            if is_dataclass(default) and isinstance(filled[key], Mapping):
                filled[key] = {**_plain(default), **filled[key]}
        return filled

    def segments(self, section: Mapping[str, Any]) -> "SegmentKind":
        """Says what segments are described by, see `SegmentTable.kind`, from a section of this kind in any form."""
        return "embeddings"

    @abstractmethod
    def load(self, path: str | Path) -> "Network":
        """Reads the network in a file of weights of this kind, ready for inference.

        Raises:
            UserError: If the file is missing or truncated, or its tensors do not fit what it says it is.
        """

    def text_tower(self, path: str | Path) -> "Encoder | None":
        """Reads the text tower in such a file; None where texts come from an encoder of their own.

        Raises:
            UserError: As `load`.
        """
        return None

    def convert(self, source: Path, out: Path, settings: Any, frame: "Windows", precision: Precision) -> None:
        """Checks a published file and writes it as one of ours; see `groupseg.networks.convert.convert_weights`."""
        raise TypeError(f"{self.name} is trained here, and has no published weights")

    def graph(self, network: Any) -> "Network":
        """Returns the part of a network that a graph of tensors can hold, for ONNX: all of it, as a rule."""
        loaded: Network = network
        return loaded


def _plain(value: Any) -> Any:
    """Turns a dataclass into what YAML holds: its fields but for those at their own default, with lists for tuples."""
    if not is_dataclass(value):
        return value
    said = {entry.name: getattr(value, entry.name) for entry in fields(value)}
    told = [entry.name for entry in fields(value) if said[entry.name] != entry.default]
    return {name: list(said[name]) if isinstance(said[name], tuple) else said[name] for name in told}

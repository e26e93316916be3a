"""Where scores of pixels come from."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class ScoreSource:
    """A folder of files, or a function.

    Attributes:
        folder: Has a folder for each data set with one file an image; see `groupseg.networks.given.folder`.
        python: "package.module:function"; see `groupseg.networks.given.function`. Of both, one is given.
        kind: What the numbers are: "logits", of which the softmax is taken, or "probabilities" with sums of 1.
        steps: How many steps of probability there are in 0..1, see `groupseg.segments.pixels`.

    Raises:
        ValueError: If there is no source, or more than one; or `steps` is not positive.
    """

    folder: str | None = None
    python: str | None = None
    kind: Literal["logits", "probabilities"] = "probabilities"
    steps: int = 4000

    def __post_init__(self) -> None:
        """Checks what is given."""
        if (self.folder is None) == (self.python is None):
            raise ValueError("must hold folder (of files) or python (package.module:function), one of the two")
        if self.python is not None and not all(self.python.partition(":")):
            raise ValueError(f"python must read package.module:function, but got {self.python!r}")
        if self.steps < 1:
            raise ValueError(f"steps must be positive, but got {self.steps}")

    @property
    def place(self) -> str:
        """The folder, or the file of the module below the current folder; where it lies elsewhere, there is none."""
        if self.folder is not None:
            return self.folder
        return f"{str(self.python).partition(':')[0].replace('.', '/')}.py"

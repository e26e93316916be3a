"""What should be known of a data set besides its numbers: sentences, each with all that it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from groupseg.errors import NamedFault, UserError, printable
from groupseg.io.files import read_json

# Of things that are named as examples, how many.
NAMED = 3


@dataclass(frozen=True)
class Note:
    """A sentence, and all that it speaks of.

    Attributes:
        text: What was found, and what can be done; where it ends with a colon, some of the names come behind it.
        names: The images, annotations or files meant.
    """

    text: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.text} {some(self.names)}" if self.text.endswith(":") else self.text


def read_notes(folder: Path) -> list[str]:
    """Returns what stood out when a data set was prepared, a sentence each; nothing of one that was drawn."""
    path = folder / "classes.json"
    return list(read_json(path).get("notes", [])) if path.exists() else []


def together(reasons: Sequence[str], summary: str) -> UserError:
    """Makes one error of several: the first few, a line each, and a summary where there are more than one."""
    if len(reasons) == 1:
        return UserError(reasons[0])
    return NamedFault("\n".join([*reasons[:NAMED], summary]), reasons)


def some(names: Sequence[str]) -> str:
    """Names a few, and says how many more there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(map(printable, names[:NAMED])) + more


def counted(number: int, thing: str) -> str:
    """Writes a number of things, such as "24 images"."""
    plural = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"{number:,} {thing if number == 1 else plural}"

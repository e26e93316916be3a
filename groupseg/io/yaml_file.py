"""params.yaml: YAML 1.2 as DVC reads it, refused where it would hang, fill the memory, or hold what is no value."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from groupseg.errors import UserError
from groupseg.io.plain_file import check_plain_file

# Beyond any number of bytes or steps; seeds that are made of one by a factor of a million fit into 64 bits.
_LARGEST = 2**43
# Far beyond any file that a person writes: bytes, levels, and values once every alias is written out.
_BYTES, _DEPTH, _VALUES = 2**24, 50, 500_000


def read_yaml(path: Path) -> Any:
    """Reads a file.

    Raises:
        UserError: As `read_yaml_text` and `parse_yaml`.
    """
    return parse_yaml(read_yaml_text(path), str(path))


def read_yaml_text(path: Path) -> str:
    """Reads a file as text.

    Raises:
        UserError: If it is missing, no plain file, too large, or not UTF-8.
    """
    try:
        if not path.exists() and not path.is_symlink():
            raise UserError(f"{path} is missing. Run this in the folder of the project.")
        check_plain_file(path, "the project's own")
        if path.stat().st_size > _BYTES:
            raise UserError(f"{path} has more than {_BYTES:,} bytes. Put the project's own there.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8 text.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it or its rights.") from error


def parse_yaml(text: str, label: str) -> Any:
    """Reads a text.

    Args:
        text: The text.
        label: What it is called in errors.

    Raises:
        UserError: If it is no YAML, refers to itself, is far too large or too deep, or holds a number that is not
            finite or too large, a date that there is not, or a key that is no word.
    """
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise UserError(
            f"{label}:{line} {(error.problem or 'no YAML').splitlines()[0]}. Mend the YAML there."
        ) from error
    except ReaderError as error:
        number = text[: error.position].count("\n") + 1
        raise UserError(f"{label}: line {number} holds a character that is no text. Take it out.") from error
    except RecursionError as error:
        raise _too_deep(label) from error
    except (YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0].partition(" for integer string")[0]
        raise UserError(f"{label} holds no number or date: {reason}. Mend it, or put it in quotes.") from error
    _Check(label).value(data)
    return data


class _Check:
    """Walks through all that a text holds; raises UserError at the first value that is none."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.seen = 0

    def value(self, value: Any, place: tuple[str, ...] = (), above: tuple[int, ...] = ()) -> None:
        """Checks a value and all below it.

        Args:
            value: The value.
            place: The keys that lead to it.
            above: What it lies in, by identity.
        """
        self.seen += 1
        if id(value) in above:
            raise UserError(f"{self._at(place)} refers to itself. Write out what is meant.")
        if len(above) > _DEPTH:
            raise _too_deep(self.label)
        if self.seen > _VALUES:
            raise UserError(
                f"{self.label} holds more than {_VALUES:,} values, by aliases that multiply. Write them out."
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{self._at(place)} must be a finite number; got {value!r}")
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise UserError(f"{self._at(place)} must lie within {_LARGEST:,} of 0. If it is a word, put it in quotes.")
        if isinstance(value, str) and "\0" in value:
            raise UserError(f"{self._at(place)} holds a zero byte: {value!r}. Take it out")
        if isinstance(value, str) and not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise UserError(f"{self._at(place)} holds half a character: {value!r}. Write the whole one")
        for key, item in _items(value):
            if isinstance(key, tuple | frozenset):
                raise UserError(f"{self._at(place)} has a key that is a list: {list(key)!r}. Name it by a word.")
            self.value(item, (*place, str(key)), (*above, id(value)))

    def _at(self, place: tuple[str, ...]) -> str:
        return f"{self.label}: {'.'.join(place)}:" if place else f"{self.label}:"


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple | set) else ()


def _too_deep(label: str) -> UserError:
    return UserError(f"{label} is nested more than {_DEPTH} levels deep. Take out the brackets that are too many.")

"""The exceptions for what a user can cause and mend."""

from collections.abc import Sequence


class UserError(ValueError):
    """Bad input or a bad environment.

    The message is one line that names the file or argument, says what was expected and what was found, and how to mend
    it.
    Stages and the command line print it without a traceback and exit with status 1.

    Examples:
        >>> import groupseg
        >>> groupseg.Threshold(score="softmx")
        Traceback (most recent call last):
        groupseg.errors.UserError: Expected strategy parameter `score` to be one of 'cosine', 'softmax', ...
    """


class NamedFault(UserError):
    """A fault of many files at once: the message names a few, and `names` are all of them."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = tuple(map(printable, names))

    def __reduce__(self) -> tuple[type["NamedFault"], tuple[str, tuple[str, ...]]]:
        return NamedFault, (str(self), self.names)


def printable(name: str) -> str:
    r"""Returns a name that can be printed: bytes of a file name that are not UTF-8 are written as \xe9."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

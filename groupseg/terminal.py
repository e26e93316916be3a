"""What is printed and how names are read, whatever the locale."""

import io
import os
import sys


def read_names_as_utf8() -> None:
    """Starts this program again in the UTF-8 mode of Python where the locale has another encoding.

    Else the name of a file that is UTF-8, as in params.yaml, could not be opened by that name.
    """
    if sys.getfilesystemencoding() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def show_any_name() -> None:
    r"""Lets any name be printed: letters that the terminal's encoding lacks are written as \xe9 or \u2588."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

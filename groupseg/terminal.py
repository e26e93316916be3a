"""What is printed, whatever the terminal can show."""

import io
import sys


def show_any_name() -> None:
    r"""Lets any name be printed: letters that the terminal's encoding lacks are written as \xe9 or \u2588."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

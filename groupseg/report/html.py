"""Pages that need nothing else, not even a network: templates, and pictures as part of the text."""

import base64
import re

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from groupseg.report.tables import percent, signed


def environment(package: str = "groupseg.report") -> Environment:
    """Makes the environment of the templates of a package; those of the report, such as its style, are there too."""
    loader = ChoiceLoader([PackageLoader(name, ".") for name in dict.fromkeys([package, "groupseg.report"])])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(percent=percent, signed=signed, code=code)
    return made


def code(text: str) -> Markup:
    """Turns what stands between backticks in plain text into code."""
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 (it was escaped)


def data_uri(content: bytes, kind: str) -> str:
    """Writes a picture, such as one of kind "png", as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"

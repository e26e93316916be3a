"""Pages that need nothing else, not even a network: templates, and pictures as part of the text."""

import base64
import re
from collections.abc import Mapping

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from groupseg.report.numbers import percent


def environment(package: str = "groupseg.report") -> Environment:
    """Makes the environment of the templates of a package; those of the report, such as its style, are there too."""
    loader = ChoiceLoader([PackageLoader(name, ".") for name in dict.fromkeys([package, "groupseg.report"])])
    made = Environment(
        loader=loader, autoescape=select_autoescape((".j2",), disabled_extensions=(".css", ".js"), default=True),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(percent=percent)
    return made


def marked(text: str, pages: Mapping[str, str]) -> Markup:
    """Turns short Markdown into HTML: `code`, **bold**, and what stands in [brackets], which becomes quiet.

    Args:
        text: Plain text otherwise; it is escaped.
        pages: Addresses that names in `code` are linked to.
    """

    def code(found: re.Match[str]) -> str:
        name = f"<code>{found[1].replace('_', '_<wbr>')}</code>"  # a line may end there
        return f'<a href="{escape(pages[found[1]])}">{name}</a>' if found[1] in pages else name

    html = re.sub("`([^`]*)`", code, str(escape(text)).replace(" %", "\N{NO-BREAK SPACE}%"))
    html = re.sub(r"\[[^]]*\]", r'<span class="ci">\g<0></span>', html)
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html))  # noqa: S704 (it was escaped)


def data_uri(content: bytes, kind: str) -> str:
    """Writes a picture, such as one of kind "png", as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"

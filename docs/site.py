"""Hooks of mkdocs.yml: pages keep their place in the repository, so that links lead where they lead there."""

import re
from html import unescape
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md")
LINK = re.compile(r"(?<=\]\()[^()\s]+(?=\))")
TO_FOLDER = re.compile(r"\[([^][]*)\]\(([^()\s#]+)\)")
# What a browser fetches by itself from a network; links are followed by hand alone.
LOADED = re.compile(r"""<(?:script|img|iframe|source|link)\b[^>]* (?:src|href)="((?:https?:)?//[^"]*)""")
MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Puts all pages where they lie in the repository, and beside them the pictures and the code that they link to."""
    guides = [Path(file.abs_src_path) for file in files if file.src_uri.endswith(".md")]
    pages = [*(ROOT / name for name in PAGES), *guides]
    linked = {path for page in pages for path in _linked(page) if path.suffix != ".md"}
    found = [file for file in files if not file.src_uri.endswith((".md", ".py"))]
    own = (
        File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path))
        for path in [*pages, *sorted(linked)]
    )
    return Files([*found, *own])


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Takes links to folders out: a site has no page for them."""
    folder = Path(page.file.abs_src_path).parent
    return TO_FOLDER.sub(lambda link: link[1] if (folder / link[2]).is_dir() else link[0], markdown)


def on_page_content(html: str, **_: object) -> str:
    """Writes formulas as MathML, which browsers show by themselves."""
    return MATH.sub(lambda found: _formula(found[2], "block" if found[1] == "div" else "inline"), html)


def on_post_build(config: MkDocsConfig, **_: object) -> None:
    """Gives every page the one script of the theme that lies elsewhere, and fails if a page loads anything else.

    Raises:
        PluginError: If a page loads something from a network.
    """
    site = Path(config.site_dir)
    for path in site.rglob("*.html"):
        script = "../" * (len(path.relative_to(site).parts) - 1) + "assets/iframe-worker.js"
        page = path.read_text("utf-8").replace("https://unpkg.com/iframe-worker/shim", script)
        if found := LOADED.findall(page):
            raise PluginError(f"{path} loads {', '.join(found)}, which is not there without a network.")
        path.write_text(page, encoding="utf-8")


def _linked(page: Path) -> list[Path]:
    targets = (target.partition("#")[0] for target in LINK.findall(page.read_text("utf-8")))
    return [path for target in targets if (path := (page.parent / target).resolve()).is_file()]


def _formula(latex: str, display: str) -> str:
    written = convert(unescape(latex), display=display).replace(r">\arg<", ">arg<")
    if "\\" in written:
        raise PluginError(f"This formula has a command that cannot be written as MathML: {latex}")
    return f'<div class="formula">{written}</div>' if display == "block" else written

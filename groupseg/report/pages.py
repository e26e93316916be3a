"""Pages of Markdown with blocks that are made from results: README.md and docs/.

A block stands between `<!-- name:start -->` and `<!-- name:end -->`. There are `found`, `headline`, `results`,
`models`, `kinds`, `two_stage` and `unseen`, and `effect:<rule>` for each rule of a strategy.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.report.effects import effect
from groupseg.report.found.block import found_block
from groupseg.report.headline import headline_block
from groupseg.report.models import kinds_block, models_block
from groupseg.report.results import Results
from groupseg.report.tables import markdown, strategies
from groupseg.report.two_stage import two_stage_block
from groupseg.report.unseen import unseen_block

BLOCKS: dict[str, Callable[[Results], str]] = {
    "found": found_block,
    "headline": headline_block,
    "results": lambda results: markdown(results, strategies(results)),
    "models": models_block,
    "kinds": kinds_block,
    "two_stage": two_stage_block,
    "unseen": unseen_block,
}
_MARKER = re.compile(r"<!-- ([\w:]+):start -->")


def page_blocks(page: Path, results: Results) -> dict[str, str]:
    """Makes what belongs between the markers of a page.

    Returns:
        Name of each marker that the page holds, and its Markdown.

    Raises:
        UserError: If the page is missing, or holds a marker that says nothing.
    """
    return {name: _block(page, name, results) for name in _MARKER.findall(read_page(page))}


def _block(page: Path, name: str, results: Results) -> str:
    kind, _, rule = name.partition(":")
    if kind == "effect":
        return effect(results, rule)
    if name not in BLOCKS:
        raise UserError(f"{page}: there is no block {name!r}. There are {', '.join(BLOCKS)} and effect:<rule>.")
    return BLOCKS[name](results)


def read_page(page: Path) -> str:
    """Reads a page of Markdown.

    Raises:
        UserError: If it is missing.
    """
    try:
        return page.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(f"{page} is missing. Run this in the folder of the project.") from error


def update_page(page: Path, blocks: Mapping[str, str], write: bool = True) -> bool:
    """Puts blocks between their markers in a page, `<!-- name:start -->` and `<!-- name:end -->`.

    Args:
        page: The file.
        blocks: Markdown without the markers, by name.
        write: Whether to write it, or only to compare.

    Returns:
        Whether the page held another block before.

    Raises:
        UserError: If the page is missing, does not hold each marker once, or cannot be written.
    """
    old = new = read_page(page)
    for name, block in blocks.items():
        first, last = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        before, start, rest = new.partition(first)
        _, end, after = rest.partition(last)
        if not (start and end) or first in rest or last in after:
            raise UserError(
                f"{page} must hold the lines `{first}` and `{last}` once each. Put them where the table belongs."
            )
        new = f"{before}{first}\n{block}\n{last}{after}"
    if write and new != old:
        with atomic_path(page) as temporary:
            temporary.write_text(new, encoding="utf-8")
    return new != old

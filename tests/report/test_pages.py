from pathlib import Path

import pytest

from groupseg.errors import UserError
from groupseg.report.effects import ABSENT, effect
from groupseg.report.found.block import found_block
from groupseg.report.models import kinds_block, models_block
from groupseg.report.pages import page_blocks, update_page
from groupseg.report.results import Results, read_results
from groupseg.report.tables import headline_strategies, markdown, strategies
from groupseg.report.unseen import unseen_block

CHECKOUT = Path(__file__).parents[2]
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
START, END = "<!-- results:start -->", "<!-- results:end -->"


def test_blocks_are_those_that_the_page_has_markers_for(results: Results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    names = ("fixed", "learned")
    text = "\n".join(f"<!-- effect:{name}:start -->\n<!-- effect:{name}:end -->" for name in names)
    page.write_text(f"# Title\n{text}\nEnd.\n", encoding="utf-8")
    blocks = page_blocks(page, results)
    assert blocks == {f"effect:{name}": effect(results, name) for name in names}
    assert update_page(page, blocks)
    assert ABSENT in page.read_text("utf-8")
    assert not update_page(page, page_blocks(page, results))


def test_tables_of_results_and_models_are_blocks_too(results: Results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    names = ("found", "headline", "results", "models", "kinds", "unseen")
    page.write_text("\n".join(f"<!-- {name}:start -->\n<!-- {name}:end -->" for name in names), encoding="utf-8")
    assert page_blocks(page, results) == {
        "found": found_block(results),
        "headline": markdown(results, headline_strategies(results)),
        "results": markdown(results, strategies(results)),
        "models": models_block(results),
        "kinds": kinds_block(results),
        "unseen": unseen_block(results),
    }


def test_a_marker_that_says_nothing_is_named(results: Results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- result:start -->\n<!-- result:end -->\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"page\.md: there is no block 'result'. There are found, headline, results"):
        page_blocks(page, results)


def test_update_rewrites_the_block_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"above\n{START}\nold\n{END}\nbelow\n", encoding="utf-8")
    assert update_page(page, {"results": "new"}, write=False)
    assert "old" in page.read_text("utf-8")
    assert update_page(page, {"results": "new"})
    assert page.read_text("utf-8") == f"above\n{START}\nnew\n{END}\nbelow\n"
    assert not update_page(page, {"results": "new"})


def test_a_page_has_several_blocks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"<!-- b:start -->\n<!-- b:end -->\n{START}\nold\n{END}\n", encoding="utf-8")
    assert update_page(page, {"results": "one", "b": "two"})
    assert page.read_text("utf-8") == f"<!-- b:start -->\ntwo\n<!-- b:end -->\n{START}\none\n{END}\n"


@pytest.mark.parametrize("text", ["", START, END, f"{END}{START}", f"{START}{START}{END}", f"{START}{END}{END}"])
def test_update_wants_each_marker_once(tmp_path: Path, text: str) -> None:
    page = tmp_path / "README.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"README\.md must hold"):
        update_page(page, {"results": "new"})
    assert page.read_text("utf-8") == text


def test_update_names_a_missing_page(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"README\.md is missing"):
        update_page(tmp_path / "README.md", {"results": "new"})


@pytest.fixture(scope="module")
def committed() -> Results:
    return read_results(CHECKOUT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_pages_show_the_results_that_are_committed(page: Path, committed: Results) -> None:
    assert not update_page(page, page_blocks(page, committed), write=False)

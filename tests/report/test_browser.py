"""The report in a real browser. Skipped where there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupseg.report.results import Results
from tests.browser import FAINT, launched
from tests.results import DATASETS, STRATEGIES


@pytest.fixture(scope="module")
def said() -> list[str]:
    """Errors, warnings and requests of the page, in all tests together."""
    return []


@pytest.fixture(scope="module")
def opened(reported: Results, said: list[str]) -> Iterator[Any]:
    with launched() as browser:
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url))
        yield page


@pytest.fixture
def page(opened: Any, reported: Results) -> Any:
    """The page as it is when it is opened."""
    opened.set_viewport_size({"width": 1280, "height": 800})
    opened.emulate_media(media="screen", color_scheme="light")
    opened.goto("about:blank")
    opened.goto((reported.folder / "report.html").as_uri())
    return opened


def column(page: Any, place: int) -> list[str]:
    """The cells of a column of the table of all strategies."""
    cells = "(rows, place) => rows.map(row => row.cells[place].innerText)"
    found: list[str] = page.locator("#strategies tbody tr").evaluate_all(cells, place)
    return found


def heading(page: Any, place: int) -> Any:
    return page.locator("#strategies thead th").nth(place)


def test_a_table_sorts_by_mouse_and_by_keyboard(page: Any) -> None:
    given = column(page, 0)
    assert heading(page, 1 + len(DATASETS)).get_attribute("aria-sort") == "descending"
    heading(page, 1).locator("button").click()
    fallen = column(page, 1)
    figures = [float(cell.split()[0]) for cell in fallen]
    assert figures == sorted(figures, reverse=True)
    assert heading(page, 1).get_attribute("aria-sort") == "descending"
    assert page.locator("#strategies [aria-sort]").count() == 1
    page.keyboard.press("Enter")
    assert [float(cell.split()[0]) for cell in column(page, 1)] == figures[::-1]
    page.keyboard.press("Space")
    assert column(page, 0) == given
    heading(page, 0).locator("button").focus()
    page.keyboard.press("Enter")
    assert column(page, 0) == sorted(STRATEGIES)
    assert page.locator("#strategies tfoot tr").inner_text().startswith("label oracle")


def test_what_is_not_known_comes_last(page: Any) -> None:
    table = page.locator("#pipeline table")
    seconds = """table => [...table.tBodies[0].rows].map(row => parseFloat(row.cells[4].textContent))"""
    page.locator("#pipeline summary").click()
    for sign in (-1, 1):
        table.locator("thead th").nth(4).locator("button").click()
        found = table.evaluate(seconds)
        known = [value for value in found if value == value]  # NaN: it has not run here
        assert known == sorted(known, key=lambda value: sign * value)
        assert found[: len(known)] == known
        assert len(known) < len(found)


def test_every_heading_is_reached_by_keyboard(page: Any) -> None:
    page.locator("h1").click()
    # A heading is a button, and what is in it cannot be a link too.
    assert page.locator("thead button").count() == page.locator("thead tr:last-child th").count()
    assert page.locator("thead a").count() == 0
    reached = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.innerText"))
    assert {"What was found", "strategy", *DATASETS} <= reached


@pytest.mark.parametrize("width", [400, 1280, 2560])
def test_the_page_does_not_scroll_sideways_and_wide_things_do_in_their_boxes(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    off = """width => [...document.querySelectorAll("body *")].filter(one => !one.closest(".scroll, pre, nav ul")
      && one.getClientRects().length && one.getBoundingClientRect().right > width + 1).map(one => one.outerHTML)"""
    assert page.evaluate(off, width) == []
    page.evaluate("scrollTo(0, 2000)")
    assert page.locator("nav").bounding_box()["y"] >= 0


def test_the_first_part_is_at_most_eight_screens(page: Any) -> None:
    assert page.locator("details").first.bounding_box()["y"] <= 8 * 800


def test_a_link_opens_what_is_folded(page: Any) -> None:
    assert page.locator("details[open]").count() == 0
    page.locator("nav a[href='#beta']").click()
    assert page.locator("#beta").get_attribute("open") is not None
    assert page.locator("#beta h2").bounding_box()["y"] < 200
    page.goto(f"{page.url.partition('#')[0]}?#run")
    assert page.locator("#run").get_attribute("open") is not None


def test_what_is_folded_opens_for_print_and_folds_again(page: Any, tmp_path: Path) -> None:
    folded = page.locator("details:not([open])").count()
    page.evaluate(
        "addEventListener('beforeprint', () => { window.opened = document.querySelectorAll('details[open]').length; })"
    )
    page.pdf(path=tmp_path / "report.pdf")
    assert page.evaluate("window.opened") == folded
    page.emulate_media(media="print")
    page.wait_for_function(f"document.querySelectorAll('details[open]').length === {folded}")
    assert not page.locator("nav").is_visible()
    page.emulate_media(media="screen")
    page.wait_for_function("document.querySelectorAll('details[open]').length === 0")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.evaluate(FAINT) == []


def test_the_page_loads_nothing_and_says_nothing_to_the_console(page: Any, said: list[str]) -> None:
    own = page.url.partition("#")[0]
    assert [line for line in said if not line.startswith((own, "data:", "about:"))] == []

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from groupseg.errors import UserError
from groupseg.io.yaml_file import read_yaml
from groupseg.report.exhibits import exhibits
from groupseg.report.page import write_page
from groupseg.report.results import ARTWORK, Results, read_results
from groupseg.report.tables import percent
from tests.results import DATASETS, REPOSITORY, STRATEGIES, build


@pytest.fixture(scope="module")
def page(reported: Results) -> str:
    return (reported.folder / "report.html").read_text("utf-8")


class Elements(HTMLParser):
    """Collects start tags and sees that each element is closed in its turn."""

    VOID = frozenset({"meta", "img", "link", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_needs_no_other_file_and_no_network(page: str) -> None:
    elements = Elements()
    elements.feed(page)
    assert elements.open == []
    for tag, attributes in elements.found:
        assert tag not in {"iframe", "object"}
        for name in ("src", "href"):
            if value := attributes.get(name):
                within = value.startswith(("data:image/png;base64,", "data:image/svg+xml;base64,", "#"))
                # The explorer lies beside it, the pages of the strategies in the same checkout.
                assert within or value in ("explorer.html", "data:,") or value.startswith("../../docs/strategies.md#")
    assert not re.search(r"url\((?!#)|@import|https?://", re.sub(r"base64,[^\"]*", "", page))
    assert len(page) < 3_000_000


def test_shows_every_figure_with_a_text_for_those_who_cannot_see_it(page: str, reported: Results) -> None:
    elements = Elements()
    elements.feed(page)
    images = [attributes for tag, attributes in elements.found if tag == "img"]
    drawn = [exhibit for dataset in reported.datasets for exhibit in exhibits(dataset) if exhibit.draw]
    assert len(images) == len(drawn) + len(reported.datasets) + 3
    assert all(image["alt"] for image in images)


def test_every_strategy_is_linked_to_its_section_of_the_docs(page: str, reported: Results) -> None:
    sections = re.findall(r"^### `(\w+)`$", (REPOSITORY / "docs/strategies.md").read_text("utf-8"), re.MULTILINE)
    links = re.findall(r'<th scope="row"><a href="([^"]+)"><code>(\w+)</code>', page.replace("<wbr>", ""))
    assert {name for _, name in links} == set(STRATEGIES)
    for address, name in links:
        rule = reported.params["strategies"][name]["rule"]
        assert address == f"../../docs/strategies.md#{rule}"
        assert rule in sections


def test_links_lead_to_the_site_of_the_docs_where_it_was_made(tmp_path: Path) -> None:
    results = read_results(build(tmp_path, reported=True))
    site = tmp_path / ".work/site/docs/strategies.html"
    site.parent.mkdir(parents=True)
    site.touch()
    page = write_page(results, tmp_path / ".work/timings").read_text("utf-8")
    address = re.search(r'<a href="([^"#]+)#threshold"><code>global</code>', page)
    assert address
    assert (results.folder / address[1]).resolve() == site.resolve()


def test_the_contents_lead_to_every_section(page: str) -> None:
    elements = Elements()
    elements.feed(page)
    named = [
        attributes["id"] for tag, attributes in elements.found if tag in ("section", "details") and "id" in attributes
    ]
    links = re.findall(r'<li><a href="#([^"]+)">', page)
    assert links == named == ["found", "strategies", "ladders", *DATASETS, "transfer", "pipeline", "run"]


def test_holds_the_numbers_the_model_and_what_was_run(page: str, reported: Results) -> None:
    for dataset in reported.datasets:
        for figures in (*dataset.strategies.values(), dataset.oracle):
            for key in ("miou", "background_iou", "foreground_miou", "pixel_accuracy"):
                assert percent(figures[key]) in page
    for word in ("ab" * 32, "scenes_small", "random; a {}.", "torch", "embed_captions"):
        assert word in page


def test_artwork_is_credited_beside_the_pictures_that_show_it(page: str) -> None:
    alpha, beta = page.split('<details class="fold" id="beta">')
    assert ARTWORK in alpha
    assert ARTWORK not in beta


def test_every_finding_and_the_costliest_confusions_are_there(page: str, reported: Results) -> None:
    text = unescape(re.sub("</?(a|code|span|strong|wbr)\\b[^>]*>", "", page)).replace("\N{NO-BREAK SPACE}", " ")
    for dataset in reported.datasets:
        for exhibit in exhibits(dataset):
            assert exhibit.finding(dataset) in text
            assert exhibit.title in text
        for truth, predicted in dataset.tables["confusions"][["truth", "predicted"]].head(10).to_numpy():
            assert f'<th scope="row">{truth}</th><td class="word">{predicted}</td>' in text


def test_text_of_users_is_no_markup(reported: Results) -> None:
    params = {**reported.params, "run": {**reported.params["run"], "folder": "<script>alert(1)</script>"}}
    page = write_page(replace(reported, params=params), reported.root / "none").read_text("utf-8")
    assert "<script>alert" not in page


def test_of_a_stage_that_has_not_run_here_its_results_are_kept(page: str, reported: Results) -> None:
    words = r'<td class="word">[^<]*</td>' * 2
    table = re.compile(rf'<tr><th scope="row">(\w+)</th>{words}<td>(\d of \d)</td><td>([^<]+)</td>')
    ran = {name: rest for name, *rest in table.findall(page)}
    assert ran["evaluate"] == ["2 of 2", "123.0"]
    assert ran["train"] == ["1 of 1", "61.5"]
    assert ran["calibrate"] == ["0 of 2", "kept"]
    assert set(ran) == set(read_yaml(reported.root / "dvc.yaml")["stages"])


def test_of_all_archives_those_of_what_ran_are_shown(reported: Results) -> None:
    archives = {name: {"file": f"{name}.tar"} for name in ("first", "second", "third")}
    needs = {"datasets": {"alpha": ["first"], "voc": ["second"]}, "corpora": {}, "models": {}}
    ran = replace(reported, params=reported.params | {"archives": archives, "needs": needs})
    text = unescape(write_page(ran, reported.root / ".work/timings").read_text("utf-8"))
    assert "first.tar" in text
    assert not any(name in text for name in ("second.tar", "third.tar"))


def test_warnings_of_the_calibration_are_shown(reported: Results) -> None:
    record = reported.datasets[0].calibration["global"]
    record["warnings"].append("Mind the gap.")
    page = write_page(reported, reported.root / "none").read_text("utf-8")
    record["warnings"].remove("Mind the gap.")
    assert "Mind the gap. Strategy: global" in page


def test_classes_that_few_test_images_show_are_named(page: str, reported: Results) -> None:
    for dataset in reported.datasets:
        (warning,) = dataset.metrics["warnings"]
        assert warning in page


def test_names_the_missing_figure(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cures\.svg"):
        write_page(read_results(build(tmp_path)), tmp_path)

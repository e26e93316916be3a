"""The pages in docs/ against what they speak of."""

import re
from pathlib import Path

from stages.params import load_params

ROOT = Path(__file__).parents[1]
DATASETS = (ROOT / "docs/datasets.md").read_text(encoding="utf-8")


def test_every_data_set_and_no_other_is_in_the_table() -> None:
    table = DATASETS.partition("## Which there are")[2].partition("\n## ")[0]
    named = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]
    assert sorted(name for row in named for name in row) == sorted(load_params(ROOT / "params.yaml").datasets)


def test_terms_on_the_page_are_those_that_are_named_before_a_download() -> None:
    params = load_params(ROOT / "params.yaml")
    needed = {archive for archives in params.needs.datasets.values() for archive in archives}
    terms = {params.archives[name].terms for name in needed}
    links = set(re.findall(r"^\[\w+\]: (\S+)$", DATASETS, re.MULTILINE))
    # VOC 2010 has the terms of VOC 2012.
    assert terms - links == {"http://host.robots.ox.ac.uk/pascal/VOC/voc2010/#rights"}


def test_links_within_the_pages_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("data/raw/*.md")):
        text = page.read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]*))?\)", text):
            file = page.parent / target if target else page
            assert file.exists(), f"{page}: {target}"
            if anchor and file.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
                slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
                assert anchor in slugs, f"{page}: #{anchor}"

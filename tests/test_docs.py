"""What the pages show runs, Python as it stands and commands as far as their options, and is as params.yaml says."""

import doctest
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import typer
from PIL import Image
from ruamel.yaml import YAML

import groupseg
from groupseg.cli import commands
from groupseg.networks.scenes.weights import save_model
from stages.params import load_params
from tests.networks.scenes.tiny import tiny_model
from tests.segments.networks import noise

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/raw/README.md")),
    *sorted(ROOT.glob("docs/*.md")),
]
DATASETS = (ROOT / "docs/datasets.md").read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    """All lines that call groupseg."""
    lines = [
        line.split("#")[0].strip()
        for page in PAGES
        for block in blocks(page, "bash")
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line for line in lines if line.startswith("groupseg ")]


def test_the_python_of_the_pages_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    save_model(tiny_model(text_dim=384), Path("models/scenes_small.safetensors"))
    for seed, path in enumerate(("photo.jpg", "photos/a.jpg", "photos/b.jpg")):
        Path(path).parent.mkdir(exist_ok=True)
        Image.fromarray(noise((40, 60), seed)).save(path)
    place: dict[str, object] = {}
    code = [block for page in PAGES for block in blocks(page, "python")]
    assert len(code) >= 5
    code += [example.source for example in doctest.DocTestParser().get_examples(groupseg.Segmenter.__doc__ or "")]
    for block in code:
        exec(block, place)
    assert np.asarray(Image.open("overlay.png")).shape[1] == 640


@pytest.mark.parametrize("line", shell_lines())
def test_commands_of_the_pages_are_those_there_are(line: str) -> None:
    words, command = shlex.split(line)[1:], typer.main.get_command(commands)
    context = click.Context(command)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None, line
        command = found
    command.make_context(line, words, resilient_parsing=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in slugs, target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_yaml_of_the_pages_is_yaml(page: Path) -> None:
    for block in blocks(page, "yaml"):
        assert YAML(typ="safe", pure=True).load(block)


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

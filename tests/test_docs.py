"""What the pages say can be run: Python as it stands, commands as far as their options."""

import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import typer
from PIL import Image
from ruamel.yaml import YAML

from groupseg.cli import commands
from groupseg.model.weights import save_model
from tests.model.tiny import tiny_model
from tests.segments.networks import noise

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


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
    assert len(code) >= 4
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

"""Names of files whose bytes are not UTF-8, in locales with and without it: one line each, and the rest is done."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
# A model that is there at once; then the commands, each by itself.
SCRIPT = """
import sys
from groupseg.terminal import read_names_as_utf8
read_names_as_utf8()
from groupseg.cli import app
from groupseg.predict import segmenter
from tests.predict import fakes

segmenter.load_network = lambda path: fakes.segmenter()._network
segmenter.load_text_tower = lambda path: fakes.HashedWords()
for command in " ".join(sys.argv[1:]).split(" then "):
    try:
        app(command.split())
    except SystemExit as left:
        print("status", left.code or 0, flush=True)
"""
LATIN = os.fsdecode(b"caf\xe9")
LATIN_LOCALE = "en_US.ISO-8859-1"


def compiled(locale: str, folder: Path) -> Path:
    """Makes a locale in a folder that LOCPATH can name; skips where the system has no sources of locales."""
    language, _, charmap = locale.partition(".")
    try:
        made = subprocess.run(
            ["localedef", "-i", language, "-f", charmap, folder / locale], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no localedef")
    if made.returncode:
        pytest.skip(f"{locale} cannot be made here")
    return folder


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C.UTF-8"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": LATIN_LOCALE},
    ],
    ids=lambda locale: "-".join(locale.values()),
)
def test_names_that_are_not_utf8_are_one_line_and_the_rest_is_done(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, locale: dict[str, str]
) -> None:
    if locale["LC_ALL"] == LATIN_LOCALE:
        locale = {**locale, "LOCPATH": str(compiled(LATIN_LOCALE, tmp_path_factory.mktemp("locales")))}
    shutil.copy(ROOT / "params.yaml", tmp_path)
    kinds = {"in": ("",), "own": ("images", "masks"), LATIN: ("images", "masks")}
    for folder in (f"{name}/{kind}" for name, given in kinds.items() for kind in given):
        (tmp_path / folder).mkdir(parents=True)
        for name in (
            "a",
            "b",
            "c\N{LATIN SMALL LETTER E WITH ACUTE}",
            *([LATIN] if not folder.startswith(LATIN) else []),
        ):
            Image.new("L", (8, 6), 1).save(tmp_path / folder / f"{name}.png")
    (tmp_path / "own/classes.txt").write_text("background\ncat\n", encoding="utf-8")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/scenes_small.safetensors").write_bytes(b"weights")
    words = "predict in --classes cat,caf\N{LATIN SMALL LETTER E WITH ACUTE} then data init own then data init"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words.split(), LATIN, "--name", "mine"],
        cwd=tmp_path, env={**env, **locale, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    said, errors = done.stdout.decode("latin-1"), done.stderr.decode("latin-1")
    assert "Traceback" not in errors, errors
    assert [line for line in said.splitlines() if line.startswith("status")] == ["status 1", "status 0", "status 1"]
    assert "files have a name that is not UTF-8, such as own/images/" in said
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert lines == [
        r"error: in/caf\xe9.png has a name that is not UTF-8. Rename it.",
        "error: 1 of 4 inputs could not be read; predictions holds what the others gave.",
        r"error: caf\xe9: the name is not UTF-8, which params.yaml is. Rename the folder.",
    ]
    made = {os.fsencode(path.relative_to(tmp_path / "predictions")) for path in tmp_path.glob("predictions/labels/*")}
    assert made == {b"labels/a.png", b"labels/b.png", b"labels/c\xc3\xa9.png"}
    assert '"image": "c\N{LATIN SMALL LETTER E WITH ACUTE}"' in (
        tmp_path / "predictions/segments/c\N{LATIN SMALL LETTER E WITH ACUTE}.json"
    ).read_text("utf-8")
    classes = (tmp_path / "predictions/classes.txt").read_text("utf-8").splitlines()
    assert classes == ["cat", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"]
    assert "  own:\n" in (tmp_path / "params.yaml").read_text("utf-8")

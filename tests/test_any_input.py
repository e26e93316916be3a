"""No command shows a traceback or waits for ever, whatever it is given: a table of all arguments and options."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from PIL import Image
from typer.main import get_command

from groupseg.cli import commands
from groupseg.predict import segmenter as module
from tests.commands import call
from tests.predict.fakes import HashedWords, segmenter
from tests.results import build

# What a command needs besides the argument that is tried: arguments and options by their names.
NEEDED: dict[str, dict[str, str]] = {
    "track": {},
    "why": {"dataset": "alpha", "strategy": "fixed"},
    "report": {},
    "readme": {},
    "summary": {},
    "explore": {"images": "2"},
    "compare": {"a": "HEAD", "b": "workspace"},
    "data check": {"names": "alpha"},
    "data init": {"folder": "own"},
    "predict": {"inputs": "in/a.png", "classes": "cat", "overlays": "--no-overlays"},
    "export": {"model": "models/scenes_small.safetensors", "out": "out.onnx"},
    "weights convert": {"source": "garbage.pth", "out": "out.safetensors"},
}
TEXTS = (
    "", ".", "..", "nowhere", "nowhere/x.safetensors", "/dev/zero", "/proc/self/mem", "pipe", "loop", "empty",
    "garbage.pth", "garbage.json", os.fsdecode(b"caf\xe9.png"), "x" * 5000, "two\nlines", "nan", "[", "{}", "a\\b",
    "-x",
)  # fmt: skip
NUMBERS = ("nan", "inf", "-inf", "1e999", "-1", "0", "9" * 30, "", "many", "1.5")


def all_commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
    else:
        for word, one in below.items():
            yield from all_commands(one, f"{name} {word}".strip())


COMMANDS = dict(all_commands(get_command(commands)))


def arguments(name: str, tried: Any, value: str) -> list[str]:
    """Returns a call in which one argument or option is what is tried."""
    words = []
    for param in COMMANDS[name].params:
        given = value if param is tried else NEEDED[name].get(param.name or "")
        if given is not None:
            is_word = param.param_type_name == "argument" or getattr(param, "is_flag", False)
            words += [given] if is_word else [param.opts[0], given]
    return [*name.split(), *words]


def table() -> Iterator[tuple[str, Any, str]]:
    for name, command in COMMANDS.items():
        for param in command.params:
            if not getattr(param, "is_flag", False):
                yield from ((name, param, value) for value in TEXTS + NUMBERS)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with results, images, a model, and files that are none."""
    monkeypatch.chdir(build(tmp_path))
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(module, "load_network", lambda path: segmenter()._network)
    monkeypatch.setattr(module, "load_text_tower", lambda path: HashedWords())
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("empty").mkdir()
    for name in ("garbage.pth", "garbage.json", os.fsdecode(b"caf\xe9.png"), "models/scenes_small.safetensors"):
        Path(name).write_bytes(b"\xff\x00garbage")
    for folder, value in (("in", 9), ("own/images", 9), ("own/masks", 1)):
        Path(folder).mkdir(parents=True)
        Image.new("L", (8, 6), value).save(f"{folder}/a.png")
    return tmp_path


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError("it waits for ever")

    before = signal.signal(signal.SIGALRM, stop)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_the_table_knows_all_commands() -> None:
    assert NEEDED.keys() == COMMANDS.keys()
    for name, needed in NEEDED.items():
        assert needed.keys() <= {param.name for param in COMMANDS[name].params}


@pytest.mark.parametrize("name", COMMANDS)
def test_any_argument_gives_a_result_or_one_line(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _, param, value in (row for row in table() if row[0] == name):
        signal.alarm(60)
        status = call(*arguments(name, param, value))
        error = capsys.readouterr().err
        shown = f"{name} {param.name}={value[:40]!r}: {status}\n{error}"
        assert status in (0, 1, 2), shown
        if status == 1:
            lines = error.splitlines()
            assert lines, shown
            assert all(line.startswith(("error: ", "warning: ")) for line in lines), shown


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLFLOW_TRACKING_URI", "nonsense"), ("MLFLOW_TRACKING_URI", "nonsense://x"),
        ("MLFLOW_TRACKING_URI", "sqlite:///."), ("MLFLOW_TRACKING_URI", "sqlite:///garbage.pth"),
        ("MLFLOW_TRACKING_URI", "http://[::1"), ("MLFLOW_TRACKING_URI", "sqlite://///"), ("DVC_ROOT", "garbage.pth"),
        ("DVC_ROOT", "nowhere"),
    ],
)  # fmt: skip
def test_any_environment_gives_a_result_or_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    signal.alarm(60)
    assert call("track") in (0, 1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 1
    assert all(line.startswith("error: ") for line in lines)

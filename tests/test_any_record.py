"""No command shows a traceback, whatever somebody has made of a file of results: a walk over all that each holds."""

import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import groupseg
from groupseg.datasets.notes import Note
from groupseg.io.files import write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.predict import segmenter
from groupseg.report import page
from groupseg.report.pages import BLOCKS
from groupseg.tracking import runs as tracking
from tests.commands import call
from tests.predict import fakes
from tests.results import BEST, STRATEGIES, build
from tests.stages.test_params import KINDS, places

GONE = object()
VALUES = [*KINDS, 10**400, float("nan"), "\ud800", GONE]
REPORTS = ["report", "summary", "readme", "track", "explore --images 2"]

MIOU = {"miou": 0.5, "miou_ci": [0.4, 0.6]}
UNSEEN: dict[str, Any] = {}
for name in ("seen", "unseen", "harmonic", "taught", "cost"):
    UNSEEN |= {name: 0.5, f"{name}_ci": [0.4, 0.6]}

# Files that the small project has not, as the pipeline writes them.
FURTHER: dict[str, dict[str, Any]] = {
    "results/scenes/refine.json": {
        "weights_sha256": "ab" * 32, "choice": "pamr", "candidates": {"none": {"mean": 0.4}, "pamr": {"mean": 0.5}},
    },
    "results/scenes/variants/scenes_small_seed1.json": {
        "datasets": {"alpha": {"strategies": dict.fromkeys(STRATEGIES, MIOU), "oracle": {"label": MIOU}}}
    },
    "results/scenes/unseen.json": {
        "datasets": {"alpha": {"unseen": ["cat"], "strategies": {BEST: UNSEEN}, "oracle": {"label": UNSEEN}}}
    },
    "results/scenes/two_stage/none_0.json": {
        "without": "none", "seed": 0, "device": "cpu", "steps": 800, "datasets": {"alpha": {BEST: 0.5}},
    },
    "data/prepared/alpha/findings.json": {"notes": [vars(Note("Two are turned:", ("a", "b")))]},
}  # fmt: skip
# The files, and the commands that read each.
CALIBRATION = f"results/scenes/calibration/alpha/{BEST}.json"
FILES = {
    **dict.fromkeys(["results/scenes/metrics/alpha.json", "results/scenes/ladder/alpha.json", *FURTHER], REPORTS),
    CALIBRATION: [*REPORTS, f"why alpha {BEST}", f"predict a.png --no-overlays --strategy {CALIBRATION}"],
    ".work/timings/evaluate@alpha.json": ["report"],
    "dvc.lock": ["track"],
    "dvc.yaml": ["report"],
    **{f"data/prepared/alpha/{name}.json": ["data check alpha"] for name in ("classes", "manifest", "findings")},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with results, to be changed in one place at a time."""
    root = build(tmp_path_factory.mktemp("made"))
    for name, content in FURTHER.items():
        write_json(root / name, content)
    stages = read_yaml(root / "dvc.yaml")["stages"]
    write_json(root / "dvc.yaml", {"stages": {name: stages[name] for name in ("prepare", "train", "track")}})
    (root / "groupseg").symlink_to(Path(groupseg.__file__).parent)
    (root / "models/scenes_small.safetensors").touch()
    (root / "docs").mkdir()
    blocks = "".join(f"<!-- {name}:start -->\n<!-- {name}:end -->\n" for name in (*BLOCKS, "effect:relative"))
    (root / "docs/blocks.md").write_text(blocks, "utf-8")
    Image.new("L", (8, 6), 9).save(root / "a.png")
    return root


@pytest.fixture
def project(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    network = fakes.segmenter()._network
    monkeypatch.chdir(made)
    monkeypatch.setenv("DVC_ROOT", str(made))
    monkeypatch.setattr(segmenter, "load_network", lambda path: network)
    monkeypatch.setattr(segmenter, "load_text_tower", lambda path: fakes.HashedWords())
    monkeypatch.setattr(page, "_inlined", lambda path: "")  # figures, which are not drawn
    monkeypatch.setattr(tracking, "send", lambda *arguments: 0)
    return made


def changed(data: Any) -> Iterator[Any]:
    """Puts another value in each place, or takes it out; the places share the values out."""
    yield from VALUES[:-1]
    alike = (place for place in places(data, 9) if all(isinstance(key, str) or key < 2 for key in place))
    for place, value in zip(alike, cycle(VALUES), strict=False):
        copy = json.loads(json.dumps(data))
        section = copy
        for key in place[:-1]:
            section = section[key]
        section[place[-1]] = value
        if value is GONE:
            del section[place[-1]]
        yield copy


@pytest.mark.parametrize("name", FILES)
def test_a_file_changed_by_hand_is_shown_or_named(project: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / name
    whole = path.read_text("utf-8")
    commands = [*REPORTS, *FILES[name]]
    try:
        for data, command in zip(changed(json.loads(whole)), cycle(commands), strict=False):
            path.write_text(json.dumps(data), "utf-8")
            status = call(*command.split())
            said = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("warning: ")]
            assert status in (0, 1), f"{command}: {data}"
            assert len(said) == status, f"{command}: {said}"
            assert all(line.startswith("error: ") and path.name in line for line in said), f"{command}: {said}"
    finally:
        path.write_text(whole, "utf-8")

"""A strategy, a layout and a network added in a copy of the project, as CONTRIBUTING.md says, run like all others."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from groupseg.io.files import read_json
from tests.datasets.layouts import save_pair
from tests.stages.small import note_code, save_table, save_text, set_params
from tests.tables import random_case

ROOT = Path(__file__).parents[2]
# Its own file, its line in the registry, and its entry in params.yaml.
FILE = '''
"""Segments that are large enough take their best class."""

from dataclasses import dataclass
from typing import Literal

from groupseg.segments.blocks import by_blocks
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.single_threshold import SingleThreshold
from groupseg.strategies.scores import Labels, Scores, best_class


@dataclass(kw_only=True)
class Large(SingleThreshold):
    rule: Literal["large"] = "large"
    power: float = 1.0

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        return best_class("cosine", table, vocabulary)[0], table.area**self.power
'''
LINE = '    "large": Large,\n'
RUN = "from stages import calibrate, evaluate; calibrate.main('scenes20'); evaluate.main('scenes20')"


LAYOUT = '''
"""Parks: photos and masks of grass and trees."""

from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.layout import ImageMaskPairs, find_root, pairs_in
from groupseg.datasets.masks import value_labels
from groupseg.datasets.meaning import Meaning
from groupseg.datasets.published import Published, read_published
from groupseg.datasets.switches import reader
from groupseg.sources.tree import Tree


@reader
def read_parks(tree: Tree, calib: float | None, seed: int) -> LabelledFiles:
    def pairs(part: str) -> ImageMaskPairs:
        return pairs_in(tree, "parks", (f"photos/{part}/", "", {".jpg"}), (f"marks/{part}/", "", {".png"}))

    means = Meaning(("grass", "tree"), True, value_labels(2, first=1, background=True, ignored=[255]))
    root = find_root(tree, "photos/late/", "parks", {".jpg"})
    return read_published(tree, root, calib, seed, Published("Parks", "late", "early", r".*", means), pairs)
'''
KIND = '''
"""Halves as a kind of network."""

from dataclasses import dataclass

from safetensors.numpy import load_file, save_file

from groupseg.networks.base import Kind
from groupseg.networks.frame import Windows


@dataclass(frozen=True)
class Halves:
    width: int


class HalvesKind(Kind):
    name = "halves"
    section = {
        "halves": Halves(width=384), "frame": Windows(short=16, long=64, crop=None, stride=None), "precision": "float32"
    }

    def load(self, path):
        from groupseg.networks.halves.network import HalvesNetwork

        return HalvesNetwork(load_file(path)["mix"])

    def convert(self, source, out, settings, frame, precision):
        save_file(load_file(source), out, {"halves": "{}"})
'''
NETWORK = '''
"""The upper and the lower half of an image are its segments, and their mean colours are what they say."""

import numpy as np
import torch
from torch.nn import functional as F

from groupseg.networks.frame import Square
from groupseg.networks.protocol import WindowSegments


class HalvesNetwork:
    def __init__(self, mix):
        self.frame, self.scale = Square(16), 8.0
        self.protocol = self.frame.protocol()
        self.text_mean, self.background = np.zeros(384, np.float32), np.zeros((0, 384), np.float32)
        self._mix = torch.from_numpy(mix)

    def __call__(self, images):
        colours = images.float().unflatten(2, (2, 8)).mean(dim=(3, 4)).transpose(1, 2)
        embedding = F.normalize(colours @ self._mix, dim=2)
        halves = torch.arange(2).repeat_interleave(8)[:, None].expand(len(images), 16, 16)
        return WindowSegments(embedding, F.normalize(embedding.mean(dim=1), dim=1), halves)
'''


def copy_code(project: Path) -> None:
    for package in ("groupseg", "stages"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))


def insert(file: str, before: str, text: str) -> None:
    """Puts text into a file of the copy, before what begins so."""
    path = Path(file)
    old = path.read_text("utf-8")
    assert old.count(before) == 1, (file, before)
    path.write_text(old.replace(before, text + before), "utf-8")


def run(script: str) -> None:
    """Runs Python with the code of the copy."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_layout_takes_a_file_and_two_lines_and_a_network_a_package_and_a_line(project: Path) -> None:
    copy_code(project)
    Path("groupseg/datasets/parks.py").write_text(LAYOUT)
    readers = "groupseg/datasets/readers.py"
    insert(readers, "from groupseg.datasets.voc import", "from groupseg.datasets.parks import read_parks\n")
    insert(readers, '    "voc":', '    "parks": read_parks,\n')
    insert("stages/sections/data.py", '"coco_object", "coco_object_instances"', '"parks", ')
    package = Path("groupseg/networks/halves")
    package.mkdir()
    for name, text in {"__init__": '"""Halves."""', "kind": KIND, "network": NETWORK}.items():
        (package / f"{name}.py").write_text(text)
    registry = "groupseg/networks/registry.py"
    insert(registry, "from groupseg.networks.scenes.kind", "from groupseg.networks.halves.kind import HalvesKind\n")
    insert(registry, "GivenKind())", "HalvesKind(), ")
    for part, images in {"early": 6, "late": 4}.items():
        for number in range(images):
            save_pair(Path("parks"), f"{part}{number}", f"photos/{part}", f"marks/{part}", 2, seed=10 * images + number)
    save_file({"mix": np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)}, "mix.safetensors")
    set_params(
        {
            "datasets.parks": {"source": {"format": "parks", "path": "parks", "calib": 6}, "baseline": "global"},
            "models.halves": {"halves": {}, "weights": "mix.safetensors"},
            "run.folder": ".", "run.name": "parks", "run.datasets": ["parks"], "run.model": "halves", "run.corpora": [],
            "run.variants": [], "run.strategies": ["global", "cosine"], "evaluate.best": "cosine",
            "evaluate.resamples": 50,
        }
    )  # fmt: skip
    run(
        "from stages import calibrate, embed_text, evaluate, prepare, segment, sources, train; "
        "sources.main(); prepare.main('parks'); train.main('halves')\n"
        "for stage in (embed_text, segment, calibrate, evaluate): stage.main('parks')"
    )
    metrics = read_json("results/parks/metrics/parks.json")
    assert metrics["strategies"].keys() == {"global", "cosine"}
    assert metrics["oracle"]["label"]["miou"] >= metrics["strategies"]["global"]["miou"]


def test_a_strategy_takes_a_file_a_line_and_an_entry(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calib, test = random_case(0, images=8), random_case(1, images=8)
    save_table(calib, "calib")
    save_table(test, "test")
    save_text(calib.vocabulary)
    set_params(
        {
            "run.datasets": ["scenes20"],
            "run.strategies": ["fixed", "context"],
            "evaluate.best": "context",
            "evaluate.resamples": 50,
        }
    )
    note_code(large="new")
    copy_code(project)
    Path("groupseg/strategies/large.py").write_text(FILE)
    registry = "groupseg/strategies/registry.py"
    insert(registry, "from groupseg.strategies.learned import", "from groupseg.strategies.large import Large\n")
    insert(registry, '    "fixed":', LINE)
    entry = {"strategies.sizes": {"rule": "large", "power": 0.5}}
    set_params({**entry, "run.strategies": ["fixed", "sizes"], "evaluate.best": "sizes"})
    run(RUN)
    record = read_json("results/scenes/calibration/scenes20/sizes.json")
    assert (record["rule"], record["params"]) == ("large", {"power": 0.5})
    assert record["key"]["code"] == "new"
    figures = read_json("results/scenes/metrics/scenes20.json")["strategies"]["sizes"]
    assert 0 <= figures["miou"] <= 1

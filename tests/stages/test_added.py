"""A strategy added in a copy of the project, as CONTRIBUTING.md says, is calibrated and judged like all others."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groupseg.io.files import read_json
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
    for package in ("groupseg", "stages"):
        shutil.copytree(ROOT / package, project / package, ignore=shutil.ignore_patterns("__pycache__"))
    Path("groupseg/strategies/large.py").write_text(FILE)
    registry = Path("groupseg/strategies/registry.py")
    imported, start = "from groupseg.strategies.learned import Learned\n", "STRATEGIES: dict[str, type[Rule]] = {\n"
    text = registry.read_text("utf-8").replace(imported, f"from groupseg.strategies.large import Large\n{imported}")
    registry.write_text(text.replace(start, start + LINE), "utf-8")
    entry = {"strategies.sizes": {"rule": "large", "power": 0.5}}
    set_params({**entry, "run.strategies": ["fixed", "sizes"], "evaluate.best": "sizes"})
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(project)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = read_json("results/scenes/calibration/scenes20/sizes.json")
    assert (record["rule"], record["params"]) == ("large", {"power": 0.5})
    assert record["key"]["code"] == "new"
    figures = read_json("results/scenes/metrics/scenes20.json")["strategies"]["sizes"]
    assert 0 <= figures["miou"] <= 1

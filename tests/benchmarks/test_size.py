"""The benchmark of table sizes: what it makes is what the stages read."""

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.size import DATASET, Cost, growth, project, work
from groupseg.io.files import read_json
from stages.params import load_params
from stages.tables import calibration_keys, read_table


def test_its_tables_are_fitted_and_keyed_as_those_of_the_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    with project(images=6, segments=8, classes=5) as folder:
        monkeypatch.chdir(folder)
        table = read_table(DATASET, "calib")
        assert np.bincount(table.image).tolist() == [8] * 6
        np.testing.assert_allclose(np.linalg.norm(table.embedding[:], axis=1), 1, atol=1e-5)
        strategy = {"cosine": load_params().strategies["cosine"]}
        assert calibration_keys(DATASET, strategy)["cosine"]["code"]
        assert work("fit", "cosine") > 0
        assert read_json(Path("cosine.json"))["fitted"]["miou"] > 0
        assert work("predict", "cosine") > 0
        monkeypatch.chdir(os.sep)


def test_growth_is_a_power_of_time_and_memory_a_thousand_images(capsys: pytest.CaptureFixture[str]) -> None:
    growth([500, 1000], {("cosine", "fit"): [Cost(1.0, 1.5, 50), Cost(4.0, 6.0, 60)]})
    assert "power 2.00, memory by 20 MiB a 1,000 images" in capsys.readouterr().out

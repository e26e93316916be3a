"""Labels of strategies on test images: those whose key is right are kept, all others are made."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from groupseg.metrics.oracle import label_oracle
from groupseg.report.roles import LABEL_ORACLE
from groupseg.strategies.registry import build
from stages.predictions import CURVES, curves, read_labels, strategy_labels
from tests.tables import random_case

CASE = random_case(3, images=6, classes=4)
GIVEN = {"low": 0.1, "high": 0.9}


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, object]]:
    """Two constants, as `calibrate` records them."""
    strategies = {
        name: build({"rule": "fixed", "score": "product", "threshold": cut, "clamp": False, "per_window": False})
        for name, cut in GIVEN.items()
    }
    return {name: one.fit(CASE.table, CASE.vocabulary).to_json() for name, one in strategies.items()}


def test_labels_whose_key_is_right_are_kept(records: dict[str, dict[str, object]], tmp_path: Path) -> None:
    path, keys = tmp_path / "labels.safetensors", {"low": "a", "high": "b"}
    made = strategy_labels(path, keys, records, CASE.table, CASE.vocabulary)
    assert list(made) == ["low", "high", LABEL_ORACLE]
    np.testing.assert_array_equal(made[LABEL_ORACLE], label_oracle(CASE.table))
    # Other labels under the same keys show what is kept.
    marked = {name: np.full_like(labels, 7) for name, labels in made.items()}
    save_file(marked, path, {"keys": '{"low": "a", "high": "b"}'})
    again = strategy_labels(path, {**keys, "high": "c"}, records, CASE.table, CASE.vocabulary)
    np.testing.assert_array_equal(again["low"], marked["low"])
    np.testing.assert_array_equal(again["high"], made["high"])
    np.testing.assert_array_equal(again[LABEL_ORACLE], made[LABEL_ORACLE])
    assert set(load_file(path)) == set(again)
    assert set(read_labels(path, {"high": "c", "low": "b"})) == {"high"}


@pytest.mark.parametrize("content", [None, b"", b"no tensors", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_file_that_is_not_whole_holds_nothing(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "labels.safetensors"
    if content is not None:
        path.write_bytes(content)
    assert read_labels(path, {"low": "a"}) == {}


def test_constants_that_differ_by_nothing_else_have_one_curve(records: dict[str, dict[str, object]]) -> None:
    rows = pd.DataFrame(curves(records, CASE.table, CASE.vocabulary, ["low", "high"]), columns=CURVES)
    low, high = (rows[rows.strategy == name].drop(columns="strategy").to_numpy() for name in GIVEN)
    np.testing.assert_array_equal(low, high)

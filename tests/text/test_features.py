from pathlib import Path

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.text.features import load_features, save_features


def test_round_trip_and_equal_bytes(tmp_path: Path) -> None:
    features, about = {"classes": np.eye(3, dtype=np.float32)}, {"classes": ["a", "ü", "c"], "templates": ["{}"]}
    for name in ("one", "two"):
        save_features(tmp_path / name, features, about)
    loaded, told = load_features(tmp_path / "one")
    assert told == about
    np.testing.assert_array_equal(loaded["classes"], features["classes"])
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_missing_and_damaged(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none is missing"):
        load_features(tmp_path / "none")
    (tmp_path / "bad").write_bytes(b"nothing of use")
    with pytest.raises(UserError, match="bad holds no text embeddings"):
        load_features(tmp_path / "bad")

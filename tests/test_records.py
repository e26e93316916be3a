"""Digests, keys, and what is said of records."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupseg.records import PARTS, account, changes, digest, files_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEY = dict.fromkeys(PARTS, "a")


@given(JSON)
def test_a_digest_survives_json_and_does_not_depend_on_order(value: object) -> None:
    assert digest(value) == digest(json.loads(json.dumps(value)))
    if isinstance(value, dict):
        assert digest(value) == digest(dict(reversed(value.items())))
    assert len(digest(value)) == 16


@given(JSON, JSON)
def test_different_values_have_different_digests(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == same


def test_a_digest_of_files_is_of_what_they_hold_in_their_order(tmp_path: Path) -> None:
    one, two, same = (tmp_path / name for name in ("one", "two", "same"))
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    same.write_bytes(b"1")
    assert files_digest(one, two) == files_digest(same, two)
    assert len({files_digest(one, two), files_digest(two, one), files_digest(one), files_digest(two, two)}) == 4


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        (None, "new"),
        (KEY, ""),
        ({**KEY, "more": "b"}, ""),
        ({**KEY, "params": "b"}, "parameters changed"),
        ({**KEY, "data": "b", "text": "b"}, "data and texts changed"),
        ({"data": "a", "text": "a", "params": "a"}, "code changed"),
        ({}, "data and texts and parameters and code changed"),
    ],
)
def test_the_reason_names_the_parts_that_differ(old: dict[str, str] | None, reason: str) -> None:
    assert changes(old, KEY) == reason


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({}, "x: 3 kept, 0 made in 0.4 s"),
        ({"a": "new", "b": "code changed", "c": "new"}, "x: 3 kept, 3 made (a, c: new; b: code changed) in 0.4 s"),
        (dict.fromkeys("abcde", "new"), "x: 3 kept, 5 made (a, b and 3 more: new) in 0.4 s"),
    ],
)
def test_what_is_made_is_told_by_its_reason(made: dict[str, str], told: str) -> None:
    assert account("x", 3, made, 0.4) == told

"""What sections of params.yaml leave out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupseg.defaults import completed

NAMES = ["datasets", "models", "strategies", "archives", "needs", "source", "prompts", "clip", "urls", "rule", "format"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(["voc", "fixed", "ade20k"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING | st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_whatever_a_file_holds_is_kept_and_filled_in_once(data: Any) -> None:
    found = completed(data)
    assert completed(found) == found
    assert _within(data, found)


def _within(data: Any, found: Any) -> bool:
    """Whether all that one holds is in the other."""
    if isinstance(data, dict) and isinstance(found, dict):
        return all(key in found and _within(value, found[key]) for key, value in data.items())
    return bool(data == found)


def test_a_data_set_has_the_words_of_clip_and_is_measured_from_the_first_constant() -> None:
    assert completed({"datasets": {"a": {"source": {}, "prompts": {"names": {"b": "c"}}}}})["datasets"]["a"] == {
        "source": {},
        "prompts": {"templates": ["a photo of a {}."], "names": {"b": "c"}},
        "baseline": "fixed",
    }


def test_a_strategy_has_the_defaults_of_its_rule() -> None:
    found = completed({"strategies": {"a": {"rule": "fixed", "threshold": 0.5}, "b": {"rule": "none"}}})["strategies"]
    assert found["a"] == {"rule": "fixed", "threshold": 0.5, "clamp": True, "score": "product", "per_window": False}
    assert found["b"] == {"rule": "none"}


def test_all_strategies_run_in_their_order_but_for_those_that_are_left_out() -> None:
    params = {"strategies": {name: {} for name in "dbca"}, "run": {"strategies": "all", "without": ["b"]}}
    assert completed(params)["run"]["strategies"] == ["d", "c", "a"]
    assert completed({**params, "run": {"strategies": ["b"]}})["run"]["strategies"] == ["b"]


def test_an_archive_is_called_as_at_its_first_address() -> None:
    urls = ["https://a.org/x/data.tar.gz", "https://b.org/other.tar"]
    assert completed({"archives": {"a": {"urls": urls}}})["archives"]["a"]["file"] == "data.tar.gz"
    assert completed({"archives": {"a": {"urls": urls, "file": "b"}}})["archives"]["a"]["file"] == "b"


@pytest.mark.parametrize(
    ("kind", "section", "needed"),
    [
        ("datasets", {"source": {"format": "voc"}}, ["voc2012"]),
        ("datasets", {"source": {"format": "voc", "path": "."}}, None),
        ("datasets", {"source": {"format": "folder"}}, None),
        ("datasets", {"source": {"format": "ade20k"}}, None),  # which is not defined
        ("models", {"clip": {"name": "ViT-B-16-quickgelu"}}, ["clip_vit_b16"]),
        ("models", {"clip": {"name": "ViT-B-16-quickgelu"}, "weights": "mine.pt"}, None),
        ("models", {"clip": {"name": "ViT-L-14"}}, ["mine"]),
        ("models", {"groupvit": {}}, ["mine"]),
        ("models", {"groupvit": {}, "training": {"seed": 0}}, None),
        ("models", {"architecture": {}}, None),
    ],
)
def test_published_data_and_weights_need_their_archives_where_nothing_else_is_said(
    kind: str, section: dict[str, Any], needed: list[str] | None
) -> None:
    archives: dict[str, Any] = {name: {} for name in ("voc2012", "clip_vit_b16", "mine", "other")}
    params = {kind: {"mine": section}, "archives": archives, "needs": {}}
    assert completed(params)["needs"].get(kind, {}).get("mine") == needed
    given = {kind: {"mine": ["other"]}}
    assert completed({**params, "needs": given})["needs"][kind]["mine"] == given[kind]["mine"]

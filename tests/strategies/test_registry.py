"""Strategies by name: what they are built from, and what says that two are the same."""

import inspect
from dataclasses import fields
from typing import Any

import pytest

from groupseg.records import digest
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.registry import STRATEGIES, build, load
from tests.tables import random_case


def smallest(rule: str) -> dict[str, Any]:
    """What must be said of a rule: its parameters without a default."""
    return {"rule": rule, **({"threshold": 0.5} if rule == "fixed" else {})}


@pytest.mark.parametrize("rule", STRATEGIES)
def test_a_definition_writes_out_every_parameter_and_builds_the_strategy_again(rule: str) -> None:
    strategy = build(smallest(rule))
    definition = strategy.definition()
    assert definition["rule"] == rule
    assert set(definition["params"]) == set(inspect.signature(STRATEGIES[rule]).parameters) - {"rule"}
    again = build({"rule": rule, **definition["params"]})
    assert again == strategy
    assert again.definition() == definition


def test_a_default_that_is_written_out_is_no_other_strategy() -> None:
    plain, written = build({"rule": "threshold"}), build({"rule": "threshold", "score": "product"})
    assert digest(plain.definition()) == digest(written.definition())
    others = [build({"rule": "threshold", "score": "cosine"}), build({"rule": "per_class", "score": "product"})]
    assert len({digest(one.definition()) for one in (plain, *others)}) == 3


@pytest.mark.parametrize("rule", ["fixed", "threshold", "per_class", "presence", "plug_in"])
def test_fitting_changes_no_definition(rule: str) -> None:
    case, strategy = random_case(0), build(smallest(rule))
    before = strategy.definition()
    assert strategy.fit(case.table, case.vocabulary).definition() == before
    record = strategy.to_json()
    assert {key: record[key] for key in before} == before
    assert CrossFit(strategy, 2).definition() == before


def test_a_record_of_copies_is_loaded_as_copies_and_any_other_as_one() -> None:
    case = random_case(1, images=12)
    one = build({"rule": "threshold", "score": "cosine"}).fit(case.table, case.vocabulary)
    copies = CrossFit(one, 3).fit(case.table, case.vocabulary)
    assert load(one.to_json()) == one
    loaded = load(copies.to_json())
    assert isinstance(loaded, CrossFit)
    assert loaded.copies == copies.copies
    assert len({copy.threshold for copy in loaded.copies}) > 1


def test_every_rule_is_of_the_name_that_it_goes_by() -> None:
    for rule, strategy in STRATEGIES.items():
        assert next(entry.default for entry in fields(strategy) if entry.name == "rule") == rule

"""What all strategies share: building, recording, reading back, and the guards."""

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.strategies import STRATEGIES, build, load
from tests.tables import large_table, permuted, random_case

PARAMS: list[dict[str, Any]] = [
    {"rule": "fixed", "threshold": 0.5},
    {"rule": "threshold", "score": "cosine"},
    {"rule": "threshold", "score": "softmax"},
    {"rule": "per_class"},
    {"rule": "relative", "by": "mean_std"},
    {"rule": "relative", "score": "cosine"},
    {"rule": "learned", "steps": 5},
]


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_record_is_read_back(params: dict[str, Any]) -> None:
    case, test = random_case(0), random_case(0).table.subset([3, 1])
    strategy = build(params).fit(case.table, case.vocabulary)
    record = json.loads(json.dumps(strategy.to_json(), allow_nan=False))
    assert set(record) == {"rule", "params", "fitted", "curve", "warnings"}
    assert params.items() <= {"rule": record["rule"], **record["params"]}.items()
    again = load(record)
    assert again == strategy
    assert again.to_json() == strategy.to_json()
    labels = again.predict(test, case.vocabulary)
    np.testing.assert_array_equal(labels, strategy.predict(test, case.vocabulary))
    assert labels.dtype == np.int32
    assert set(labels) <= {0, 1, 2, 3}


@pytest.mark.parametrize("params", PARAMS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_renaming_classes_renames_predictions(params: dict[str, Any], seed: int) -> None:
    case = random_case(seed, images=6, classes=4)
    order = np.random.default_rng(seed).permutation(4)
    renamed = permuted(case, order)
    labels = build(params).fit(case.table, case.vocabulary).predict(case.table, case.vocabulary)
    found = build(params).fit(renamed.table, renamed.vocabulary).predict(renamed.table, renamed.vocabulary)
    np.testing.assert_array_equal(np.append(0, order + 1)[found], labels)


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_one_class_and_scores_of_one(params: dict[str, Any]) -> None:
    case = random_case(1, classes=1)
    strategy = build(params).fit(case.table, case.vocabulary)
    figures = summary(image_counts(case.table, strategy.predict(case.table, case.vocabulary)))
    assert 0 <= figures["miou"] <= 1


@pytest.mark.parametrize("params", [params for params in PARAMS if params["rule"] != "fixed"], ids=str)
def test_an_empty_table_cannot_be_calibrated_on(params: dict[str, Any]) -> None:
    case = random_case(2)
    with pytest.raises(UserError, match="nothing to calibrate on"):
        build(params).fit(case.table.subset([]), case.vocabulary)
    fitted = build(params).fit(case.table, case.vocabulary)
    assert fitted.predict(case.table.subset([]), case.vocabulary).shape == (0,)


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_broken_embeddings_are_an_error(params: dict[str, Any]) -> None:
    case = random_case(3)
    strategy = build(params).fit(case.table, case.vocabulary)
    case.table.embedding[0, 0] = np.nan
    for use in (strategy.fit, strategy.predict):
        if params["rule"] == "fixed" and use == strategy.fit:
            continue
        with pytest.raises(UserError, match="finite"):
            use(case.table, case.vocabulary)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"rule": "magic"},
            "`rule` to be one of fixed, threshold, per_class, relative, learned, but got 'magic'",
        ),
        ({}, "but got None"),
        ({"rule": "fixed"}, "threshold"),
        ({"rule": "threshold", "scores": "cosine"}, "scores"),
        (
            {"rule": "threshold", "score": "dot"},
            "`score` to be one of 'cosine', 'softmax', 'product', but got 'dot'",
        ),
        ({"rule": "fixed", "threshold": 0.5, "clamp": 1}, "`clamp` to be true or false, but got 1"),
        ({"rule": "relative", "by": "min"}, "`by` to be one of 'max', 'mean_std'"),
        ({"rule": "per_class", "shrinkage": "10"}, "`shrinkage` to be a finite number, but got '10'"),
        ({"rule": "learned", "steps": True}, "`steps` to be a whole number, but got True"),
    ],
)
def test_wrong_parameters_are_errors_of_one_line(params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        build(params)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rule", STRATEGIES)
def test_a_strategy_has_no_other_rule_than_its_own(rule: str) -> None:
    with pytest.raises(UserError, match=f"`rule` to be one of '{rule}'"):
        STRATEGIES[rule](rule="other", **({"threshold": 0.5} if rule == "fixed" else {}))


def test_a_record_of_something_else_is_an_error() -> None:
    case = random_case(4)
    record = build({"rule": "threshold"}).fit(case.table, case.vocabulary).to_json()
    with pytest.raises(UserError, match="does not fit its rule"):
        load({**record, "fitted": {}})
    with pytest.raises(UserError, match="does not fit its rule"):
        load({**record, "params": {"sharpness": 1}})
    with pytest.raises(UserError, match="`rule`"):
        load({**record, "rule": "magic"})


@pytest.mark.parametrize("params", [params for params in PARAMS if params["rule"] != "learned"], ids=str)
def test_fit_is_fast(params: dict[str, Any]) -> None:
    table, vocabulary = large_table(0, segments=4800, classes=80, images=400)
    start = time.process_time()
    build(params).fit(table, vocabulary)
    assert time.process_time() - start < 0.5


def test_nothing_slow_is_imported() -> None:
    code = "import sys, groupseg.strategies; print({'torch', 'pandas', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

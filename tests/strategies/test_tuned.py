"""What all strategies with a grid share: nothing on the grid is better, and the properties of any strategy."""

import json
from dataclasses import replace
from itertools import product as pairs

import numpy as np
import pytest
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.segments.table import SegmentTable
from groupseg.strategies.area import Area
from groupseg.strategies.prior import Prior
from groupseg.strategies.temperature import Temperature
from groupseg.strategies.top_k import TopK
from groupseg.strategies.tuned import Tuned
from tests.tables import permuted, random_case

ALL = [Area, Prior, Temperature, TopK]


def miou(table: SegmentTable, labels: np.ndarray) -> float:
    return summary(image_counts(table, labels))["miou"]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("seed", range(4))
def test_no_setting_with_any_threshold_is_better(kind: type[Tuned], seed: int) -> None:
    case = random_case(seed, classes=2 + seed * 2)
    strategy = kind().fit(case.table, case.vocabulary)
    assert miou(case.table, strategy.predict(case.table, case.vocabulary)) == pytest.approx(strategy.miou, abs=1e-12)
    for setting, found in zip(*strategy.tried.values(), strict=True):
        label, score = strategy.candidates_at(setting, case.table, case.vocabulary)
        all_of_them = [miou(case.table, np.where(score >= cut, label, 0)) for cut in [np.inf, *np.unique(score)]]
        assert found == pytest.approx(max(all_of_them), abs=1e-12)
    assert strategy.miou == max(strategy.tried["miou"])
    assert strategy.setting == strategy.tried["setting"][int(np.argmax(strategy.tried["miou"]))]


@pytest.mark.parametrize("kind", ALL)
def test_record_is_read_back(kind: type[Tuned]) -> None:
    case, other = random_case(0), random_case(0).table.subset([3, 1])
    strategy = kind().fit(case.table, case.vocabulary)
    record = json.loads(json.dumps(strategy.to_json(), allow_nan=False))
    assert {"setting", "tried", "threshold", "miou"} <= set(record["fitted"])
    again = kind.from_json(record)
    assert again.to_json() == strategy.to_json()
    labels = again.predict(other, case.vocabulary)
    np.testing.assert_array_equal(labels, strategy.predict(other, case.vocabulary))
    assert labels.dtype == np.int32


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("seed", range(3))
def test_renaming_classes_renames_predictions(kind: type[Tuned], seed: int) -> None:
    case = random_case(seed, images=6, classes=4)
    order = np.random.default_rng(seed).permutation(4)
    renamed = permuted(case, order)
    labels = kind().fit(case.table, case.vocabulary).predict(case.table, case.vocabulary)
    found = kind().fit(renamed.table, renamed.vocabulary).predict(renamed.table, renamed.vocabulary)
    np.testing.assert_array_equal(np.append(0, order + 1)[found], labels)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not Area])
def test_ignored_pixels_change_nothing(kind: type[Tuned]) -> None:
    case = random_case(1)
    larger = replace(case.table, area=case.table.area * 3 + np.arange(20))
    assert kind().fit(larger, case.vocabulary).to_json() == kind().fit(case.table, case.vocabulary).to_json()


@pytest.mark.parametrize(("kind", "images"), pairs(ALL, [1, 4]))
def test_one_class_and_scores_of_one(kind: type[Tuned], images: int) -> None:
    case = random_case(2, images=images, classes=1)
    strategy = kind().fit(case.table, case.vocabulary)
    json.dumps(strategy.to_json(), allow_nan=False)
    assert 0 <= strategy.miou <= 1


@pytest.mark.parametrize("kind", ALL)
def test_constant_scores_are_warned_of(kind: type[Tuned]) -> None:
    case = random_case(3)
    same = replace(
        case.table,
        embedding=np.tile(case.text[0], (20, 1)),
        image_embedding=np.tile(case.text[0], (4, 1)),
        area=np.full(20, 7),
    )
    assert "no threshold can tell them apart" in kind().fit(same, case.vocabulary).warnings[0]


@pytest.mark.parametrize("kind", ALL)
def test_without_background_nothing_is_background(kind: type[Tuned]) -> None:
    case = random_case(4, background=False)
    strategy = kind().fit(case.table, case.vocabulary)
    assert np.all(strategy.predict(case.table, case.vocabulary) > 0)
    for setting, found in zip(*strategy.tried.values(), strict=True):
        label, _ = strategy.candidates_at(setting, case.table, case.vocabulary)
        assert found == pytest.approx(miou(case.table, label), abs=1e-12)
    assert strategy.miou == max(strategy.tried["miou"])


@pytest.mark.parametrize("kind", ALL)
def test_a_class_that_never_occurs(kind: type[Tuned]) -> None:
    case = random_case(5, images=8, classes=4)
    pixels = case.table.histogram.toarray()
    pixels[:, 0] += pixels[:, 2]
    pixels[:, 2] = 0
    table = replace(case.table, histogram=csr_array(pixels))
    strategy = kind().fit(table, case.vocabulary)
    assert miou(table, strategy.predict(table, case.vocabulary)) == pytest.approx(strategy.miou, abs=1e-12)


@pytest.mark.parametrize("kind", ALL)
def test_nothing_to_calibrate_on(kind: type[Tuned]) -> None:
    case, unlabelled = random_case(6), random_case(6, ignored=1)
    for table in (case.table.subset([]), unlabelled.table):
        with pytest.raises(UserError, match="nothing to calibrate on"):
            kind().fit(table, case.vocabulary)
    fitted = kind().fit(case.table, case.vocabulary)
    assert fitted.predict(case.table.subset([]), case.vocabulary).shape == (0,)


@pytest.mark.parametrize("kind", ALL)
def test_broken_embeddings_are_an_error(kind: type[Tuned]) -> None:
    case = random_case(7)
    strategy = kind().fit(case.table, case.vocabulary)
    case.table.embedding[0, 0] = np.nan
    for use in (strategy.fit, strategy.predict):
        with pytest.raises(UserError, match="finite"):
            use(case.table, case.vocabulary)

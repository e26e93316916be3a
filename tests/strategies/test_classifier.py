"""The classifier: it learns what is right, is judged on images it has not seen, and is read back as it was."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.metrics.confusion import hits
from groupseg.metrics.curve import threshold_curve
from groupseg.strategies.classifier import Classifier, probability_right, train_classifier
from groupseg.strategies.features import FEATURES, segment_features
from groupseg.strategies.folds import tuning_folds
from groupseg.strategies.scores import cosine, softmax
from tests.tables import large_table, miou, random_case

MODELS: list[Any] = ["logistic", "boosted"]


@pytest.mark.parametrize("seed", range(5))
def test_features_one_segment_at_a_time(seed: int) -> None:
    case = random_case(seed, images=3, classes=1 + seed)
    table, words = case.table, case.vocabulary
    label, features = segment_features("cosine", table, words)
    cosines, shares = cosine(table, words), softmax(table, words)
    for row in range(len(label)):
        image = table.image[row]
        mates = np.flatnonzero(table.image == image)
        own = label[row] - 1
        others = np.delete(cosines[row], own)
        near = table.image_embedding[image].astype(float) @ words.text.astype(float).T
        best = cosines[mates].max(axis=1)
        area = table.area / table.area[mates].sum()
        expected = {
            "score": cosines[row, own],
            "margin": cosines[row, own] - max(others, default=-1),
            "log_softmax": np.log(shares[row, own]),
            "entropy": -np.sum(shares[row] * np.log(shares[row])),
            "log_area": np.log(area[row]),
            "log_class_area": np.log(sum(area[mate] for mate in mates if label[mate] == label[row])),
            "image_cosine": near[own],
            "log_image_rank": np.log(1 + np.count_nonzero(near > near[own])),
            "segments": len(mates),
            "rank": np.count_nonzero(best > cosines[row, own]),
            "below_best": best.max() - cosines[row, own],
        }
        np.testing.assert_allclose(features[row], [expected[name] for name in FEATURES], atol=1e-9)


def test_equal_scores_have_equal_ranks() -> None:
    case = random_case(0, images=2)
    table = replace(case.table, embedding=np.tile(case.text[0], (10, 1)))
    _, features = segment_features("cosine", table, case.vocabulary)
    assert set(features[:, FEATURES.index("rank")]) == {0}


@pytest.mark.parametrize("model", MODELS)
def test_probabilities_are_those_of_the_draw(model: str) -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(4000, 3)) * [1, 10, 0.1] + [0, 5, 2]
    truth = 1 / (1 + np.exp(-(features[:, 0] + 0.1 * (features[:, 1] - 5))))
    pixels = random.integers(50, 150, 4000)
    right = random.binomial(pixels, truth)
    fitted = train_classifier(model, features, right, pixels)
    assert np.abs(probability_right(fitted, features) - truth).mean() < (0.01 if model == "logistic" else 0.05)


@pytest.mark.parametrize("model", MODELS)
def test_images_of_any_size_weigh_the_same(model: str) -> None:
    random = np.random.default_rng(1)
    features, pixels = random.normal(size=(200, 2)), random.integers(1, 9, 200)
    right = random.binomial(pixels, 0.5 * (features[:, 0] > 0))
    small, large = (train_classifier(model, features, right * factor, pixels * factor) for factor in (1, 1024))
    np.testing.assert_allclose(probability_right(small, features), probability_right(large, features), atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("thresholds", ["single", "plug_in"])
def test_thresholds_come_from_images_not_seen(model: Any, thresholds: Any) -> None:
    case = random_case(1, images=30, classes=3)
    strategy = Classifier(model=model, thresholds=thresholds).fit(case.table, case.vocabulary)
    label, features = segment_features("cosine", case.table, case.vocabulary)
    right, pixels = hits(case.table.histogram, label), case.table.histogram.sum(axis=1)
    unseen = np.full(len(label), np.nan)
    for rest, held in tuning_folds(case.table):
        assert not set(case.table.image[rest]) & set(case.table.image[held])
        unseen[held] = probability_right(
            train_classifier(model, features[rest], right[rest], pixels[rest]), features[held]
        )
    labels = np.where(unseen >= np.array(strategy.cuts)[label - 1], label, 0)
    assert strategy.held_out_miou == pytest.approx(miou(case.table, labels), abs=1e-12)
    best = threshold_curve(label, unseen, case.table.histogram).best()
    if thresholds == "single":
        assert (strategy.cuts[0], strategy.held_out_miou) == pytest.approx(best, abs=1e-12)
    found = miou(case.table, strategy.predict(case.table, case.vocabulary))
    assert strategy.miou == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_one_image_and_one_outcome(model: Any) -> None:
    case = random_case(0, images=1)
    strategy = Classifier(model=model).fit(case.table, case.vocabulary)
    assert any(warning.startswith("One calibration image") for warning in strategy.warnings)

    case = random_case(1, images=6, classes=2)
    label, _ = segment_features("cosine", case.table, case.vocabulary)
    for outcome, truth in {"wrong": np.zeros_like(label), "right": label}.items():
        pixels = np.zeros((len(label), 3), dtype=np.int64)
        pixels[np.arange(len(label)), truth] = 10
        table = replace(case.table, histogram=csr_array(pixels))
        strategy = Classifier(model=model).fit(table, case.vocabulary)
        assert any(f"All candidates are {outcome}" in warning for warning in strategy.warnings)
        np.testing.assert_array_equal(strategy.predict(table, case.vocabulary), truth)
        json.dumps(strategy.to_json(), allow_nan=False)


def test_broken_embeddings_of_images_are_an_error() -> None:
    case = random_case(2)
    case.table.image_embedding[0, 0] = np.nan
    with pytest.raises(UserError, match="finite"):
        Classifier().fit(case.table, case.vocabulary)


@pytest.mark.parametrize("model", MODELS)
def test_the_record_of_many_classes_is_small(model: Any) -> None:
    table, words = large_table(0, segments=4800, classes=80, images=400)
    assert len(json.dumps(Classifier(model=model).fit(table, words).to_json(), indent=1)) < 60_000

"""GroupViT's product with any number of classes, computed image by image."""

import numpy as np
import pytest
from scipy.special import softmax

from groupseg.strategies.scores import best_class
from groupseg.strategies.threshold import Threshold
from groupseg.strategies.top_k import TOPS, TopK
from tests.tables import random_case


@pytest.mark.parametrize("top", [1, 3, 5, 8])
def test_product_by_hand(top: int) -> None:
    case = random_case(0, classes=8, width=12)
    label, score = TopK().candidates_at(float(top), case.table, case.vocabulary)
    for segment, image in enumerate(case.table.image):
        nearest = np.argsort(-(case.text @ case.table.image_embedding[image]))[:top]
        logits = case.table.scale * (case.text @ case.table.embedding[segment]).astype(np.float64)
        shares = softmax(logits)[nearest] * softmax(logits[nearest])
        assert label[segment] == nearest[shares.argmax()] + 1
        assert score[segment] == pytest.approx(shares.max(), rel=1e-5)


def test_all_classes_and_no_more_are_tried() -> None:
    for classes, expected in ((1, [1]), (5, [1, 2, 3, 4, 5]), (6, [1, 2, 3, 4, 5, 6]), (80, [*TOPS, 80])):
        case = random_case(1, classes=classes)
        assert TopK().settings(case.table, case.vocabulary) == expected


@pytest.mark.parametrize("seed", range(5))
def test_never_below_the_release(seed: int) -> None:
    """The five classes of the release are on the grid."""
    case = random_case(seed, images=6, classes=9, width=12)
    single = Threshold(score="product").fit(case.table, case.vocabulary)
    assert TopK().fit(case.table, case.vocabulary).miou >= single.miou - 1e-12
    five = TopK().candidates_at(5.0, case.table, case.vocabulary)
    for found, expected in zip(five, best_class("product", case.table, case.vocabulary), strict=True):
        np.testing.assert_array_equal(found, expected)

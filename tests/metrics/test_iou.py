"""IoU against torchmetrics."""

import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassJaccardIndex

from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import held_mean_iou, iou, iou_summary, mean_iou
from tests.tables import Case, permuted, random_case


def jaccard(case: Case, labels: np.ndarray, average: str) -> np.ndarray:
    """IoU by torchmetrics from label maps."""
    labels_in_all = len(case.table.classes) + 1
    metric = MulticlassJaccardIndex(labels_in_all, average=average, ignore_index=255)
    return metric(torch.tensor(case.predicted(labels)), torch.tensor(case.truth)).numpy()


@pytest.mark.parametrize("seed", range(30))
def test_mean_iou_is_that_of_torchmetrics(seed: int) -> None:
    # Few segments and many classes: some occur nowhere, some only in truth and some only in prediction.
    classes = 1 + seed % 12
    case = random_case(seed, images=2, per_image=3, classes=classes, ignored=0.3)
    labels = np.random.default_rng(seed).integers(0, classes + 1, len(case.table.image)).astype(np.int32)
    counts = image_counts(case.table, labels)
    assert float(mean_iou(counts.total())) == pytest.approx(float(jaccard(case, labels, "macro")), abs=1e-6)
    assert iou_summary(counts)["miou"] == float(mean_iou(counts.total()))
    # Where a class occurs nowhere torchmetrics says 0.
    values = iou(counts.total())
    np.testing.assert_allclose(np.nan_to_num(values), jaccard(case, labels, "none"), atol=1e-6)
    there = counts.total().truth > 0
    assert float(held_mean_iou(counts.total())) == pytest.approx(values[there].mean())


def test_iou_by_hand() -> None:
    counts = Counts(*(np.array([row]) for row in ([6, 2, 0, 0], [8, 4, 1, 0], [7, 3, 3, 0])))
    np.testing.assert_allclose(iou(counts), [[6 / 9, 2 / 5, 0, np.nan]])
    figures = iou_summary(counts)
    assert figures["miou"] == pytest.approx((6 / 9 + 2 / 5 + 0) / 3)
    assert figures["background_iou"] == pytest.approx(6 / 9)
    assert figures["foreground_miou"] == pytest.approx((2 / 5 + 0) / 2)
    assert figures["pixel_accuracy"] == pytest.approx(8 / 13)


def test_ratios_are_taken_after_sums_over_images() -> None:
    counts = Counts(*(np.array(rows) for rows in ([[1, 0], [50, 0]], [[1, 0], [100, 0]], [[1, 0], [50, 50]])))
    assert iou_summary(counts)["background_iou"] == pytest.approx(51 / 101)


def test_perfect_prediction_and_no_pixel_at_all() -> None:
    perfect = Counts(*(np.array([[4, 3, 0]]),) * 3)
    assert iou_summary(perfect) == {
        "miou": 1,
        "background_iou": 1,
        "foreground_miou": 1,
        "pixel_accuracy": 1,
    }
    nothing = Counts(*(np.zeros((2, 3), dtype=np.int64),) * 3)
    assert np.all(np.isnan(list(iou_summary(nothing).values())))


@pytest.mark.parametrize("seed", range(5))
def test_renaming_classes_changes_nothing(seed: int) -> None:
    case, random = random_case(seed), np.random.default_rng(seed)
    order = random.permutation(3)
    labels = random.integers(0, 4, len(case.table.image))
    renamed = np.argsort(np.append(0, order + 1))[labels]
    expected = iou_summary(image_counts(case.table, labels))
    assert iou_summary(image_counts(permuted(case, order).table, renamed)) == pytest.approx(expected, abs=1e-12)

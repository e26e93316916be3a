"""Counts from the table against counts from full-resolution label maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

from groupseg.metrics.confusion import confusion_from_maps, confusion_matrix, hits, image_counts
from tests.tables import IGNORE, histogram, permuted, random_case

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 5), st.integers(1, 6), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_table_counts_what_label_maps_count(seed: int, images: int, classes: int, ignored: float) -> None:
    case = random_case(seed, images=images, classes=classes, ignored=ignored)
    labels = np.random.default_rng(seed).integers(0, classes + 1, len(case.table.image)).astype(np.int32)
    expected = confusion_from_maps(case.truth, case.predicted(labels), classes)
    found = confusion_matrix(case.table, labels)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)

    counts = image_counts(case.table, labels)
    for image in range(images):
        matrix = confusion_from_maps(case.truth[image], case.predicted(labels)[image], classes)
        np.testing.assert_array_equal(counts.tp[image], np.diagonal(matrix))
        np.testing.assert_array_equal(counts.predicted[image], matrix.sum(axis=0))
        np.testing.assert_array_equal(counts.truth[image], matrix.sum(axis=1))
    np.testing.assert_array_equal(counts.total().truth, expected.sum(axis=1))


def test_maps_are_counted_as_sklearn_counts() -> None:
    random = np.random.default_rng(0)
    truth, predicted = random.integers(0, 6, (3, 9, 9)), random.integers(0, 6, (3, 9, 9))
    truth[random.random(truth.shape) < 0.3] = 65535
    kept = truth != 65535
    expected = sklearn_confusion_matrix(truth[kept], predicted[kept], labels=range(6))
    np.testing.assert_array_equal(confusion_from_maps(truth, predicted, 5, ignore=65535), expected)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_ignored_pixels_change_nothing(seed: int) -> None:
    case = random_case(seed, ignored=0)
    random = np.random.default_rng(seed)
    images, rows, _ = case.segments.shape
    border = random.integers(0, 5, (images, rows, 3)) + 5 * np.arange(images)[:, None, None]
    segments = np.concatenate([case.segments, border], axis=2)
    truth = np.concatenate([case.truth, np.full(border.shape, IGNORE)], axis=2)
    padded = histogram(segments, truth, len(case.table.image), 3)
    np.testing.assert_array_equal(padded.toarray(), case.table.histogram.toarray())
    labels = random.integers(0, 4, len(case.table.image))
    np.testing.assert_array_equal(confusion_from_maps(truth, labels[segments], 3), confusion_matrix(case.table, labels))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_renaming_classes_renames_counts(seed: int) -> None:
    case, random = random_case(seed), np.random.default_rng(seed)
    order = random.permutation(3)
    columns = np.append(0, order + 1)
    labels = random.integers(0, 4, len(case.table.image))
    renamed = np.argsort(columns)[labels]
    expected = confusion_matrix(case.table, labels)[np.ix_(columns, columns)]
    np.testing.assert_array_equal(confusion_matrix(permuted(case, order).table, renamed), expected)


def test_hits_are_the_pixels_of_the_label() -> None:
    case = random_case(0)
    labels = np.random.default_rng(0).integers(0, 4, len(case.table.image))
    expected = case.table.histogram.toarray()[np.arange(len(labels)), labels]
    np.testing.assert_array_equal(hits(case.table.histogram, labels), expected)


def test_labels_out_of_range_are_errors() -> None:
    table = random_case(0).table
    for labels in (np.full(20, 4), np.full(20, -1), np.zeros(19)):
        with pytest.raises(ValueError, match=r"one label in 0\.\.3 for each of 20 segments"):
            image_counts(table, labels)
        with pytest.raises(ValueError, match=r"one label in 0\.\.3 for each of 20 segments"):
            confusion_matrix(table, labels)
    with pytest.raises(ValueError, match=r"0\.\.3 in `truth`, but got 4\.\.4"):
        confusion_from_maps([[4]], [[0]], 3)
    with pytest.raises(ValueError, match="maps of one shape"):
        confusion_from_maps([[0]], [[0, 0]], 3)

"""Every strategy, as params.yaml ships it, on images that are read through windows."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array, eye_array

from groupseg.metrics.confusion import confusion_from_maps, confusion_matrix
from groupseg.segments.parts import Parts
from groupseg.strategies.registry import build, load
from groupseg.strategies.scores import SCORES, cosine
from tests.strategies.test_strategies import QUICK, drawn
from tests.tables import Case, sliding_case


def one_window(case: Case) -> Case:
    """The same table, each image as one window and each segment as a group of it."""
    table = case.table
    parts = Parts(
        window=table.image,
        embedding=table.embedding,
        window_image=np.arange(len(table.keys), dtype=np.int32),
        window_embedding=table.image_embedding,
        members=csr_array(eye_array(len(table.image), format="csr")),
    )
    return replace(case, table=replace(table, parts=parts))


@pytest.mark.parametrize("name", QUICK)
def test_one_window_is_no_window(name: str) -> None:
    case = drawn(3, images=6)
    windowed = one_window(case)
    expected = build(QUICK[name]).fit(case.table, case.vocabulary)
    found = build(QUICK[name]).fit(windowed.table, case.vocabulary)
    assert found.to_json() == expected.to_json()
    np.testing.assert_array_equal(
        found.predict(windowed.table, case.vocabulary), expected.predict(case.table, case.vocabulary)
    )


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")
def test_an_image_read_through_windows_is_labelled_by_itself(name: str) -> None:
    case = sliding_case(1, vectors=3)
    fitted = build(QUICK[name]).fit(case.table, case.vocabulary)
    strategy = load(json.loads(json.dumps(fitted.to_json(), allow_nan=False)))
    labels = strategy.predict(case.table, case.vocabulary)
    assert set(labels) <= {0, 1, 2, 3}
    for image in range(len(case.table.keys)):
        alone = strategy.predict(case.table.subset([image]), case.vocabulary)
        np.testing.assert_array_equal(labels[case.table.image == image], alone)
    maps = confusion_from_maps(case.truth, case.predicted(labels), 3)
    np.testing.assert_array_equal(confusion_matrix(case.table, labels), maps)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_is_the_mean_of_those_of_the_windows(name: str) -> None:
    case = sliding_case(2, classes=8)
    table, score = case.table, SCORES[name]
    assert table.parts is not None
    groups = score(table.windows(), case.vocabulary)
    members = table.parts.members.toarray().astype(bool)
    means = np.stack([groups[own].mean(axis=0) for own in members])
    np.testing.assert_allclose(score(table, case.vocabulary), means, atol=1e-6)
    # The classes that compete are those of the window, not of the image.
    if name == "product":
        nearest = (table.parts.window_embedding @ case.text.T).argsort(axis=1)[:, -5:]
        compete = np.zeros((len(nearest), 8), dtype=bool)
        np.put_along_axis(compete, nearest, True, axis=1)
        np.testing.assert_array_equal(groups > 0, compete[table.parts.window])


def test_products_with_an_embedding_are_means_of_cosines() -> None:
    case = sliding_case(3)
    table = case.table
    assert table.parts is not None
    expected = table.parts.average(cosine(table.windows(), case.vocabulary))
    np.testing.assert_allclose(cosine(table, case.vocabulary), expected, atol=1e-6)
    assert np.linalg.norm(table.embedding, axis=1).min() < 0.9

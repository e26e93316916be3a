"""The same segments under longer class lists, against label maps that are relabelled by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.errors import UserError
from groupseg.metrics.confusion import confusion_from_maps
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.registry import build
from groupseg.strategies.threshold import Threshold
from groupseg.studies.vocabulary import VOCABULARY_COLUMNS, vocabulary_study
from tests.tables import IGNORE, Case, random_case

CLASSES, ABSENT = 6, 6
CASE = random_case(5, images=16, classes=CLASSES)
WORDS = CASE.vocabulary
PARAMS: dict[str, dict[str, Any]] = {
    "fixed": {"rule": "fixed", "threshold": 0.5},
    "global": {"rule": "threshold", "score": "product"},
    "cosine": {"rule": "threshold", "score": "cosine"},
}
KEYS = ["kind", "strategy", "size", "draw"]


def half(case: Case, images: range) -> Case:
    """Some images of a case, with their maps."""
    segments, truth = (maps[images.start : images.stop] for maps in (case.segments, case.truth))
    return Case(case.table.subset(images), case.vocabulary, truth, segments - segments.min())


CALIB, TEST = half(CASE, range(8)), half(CASE, range(8, 16))


def study(calib: Case = CALIB, test: Case = TEST, **changes: object) -> pd.DataFrame:
    arguments = {"sizes": [2, 4], "absent": [1, 3], "draws": 3, "seed": 0, "workers": 1} | changes
    strategies = {name: build(params) for name, params in PARAMS.items()}
    rows = vocabulary_study(strategies, calib.table, test.table, calib.vocabulary, **arguments)
    return pd.DataFrame(rows, columns=VOCABULARY_COLUMNS)


def drawn(draw: int, size: int) -> NDArray[np.int64]:
    """The classes of a draw of some size, in the order of the data set."""
    return np.sort(np.random.default_rng([0, draw]).permutation(CLASSES)[:size])


def relabelled_by_hand(
    truth: NDArray[np.int64], held: NDArray[np.int64], listed: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Renames labels pixel by pixel: class `listed[i]` becomes i + 1 if it is held, all others are ignored."""
    names = {0: 0} | {row + 1: place for place, row in enumerate(listed, start=1) if row in held}
    return np.array([names.get(int(label), IGNORE) for label in truth.ravel()]).reshape(truth.shape)


def miou_from_maps(truth: NDArray[np.int64], case: Case, labels: NDArray[np.int32], names: int) -> float:
    """The mean over the labels that have true pixels."""
    confusion = confusion_from_maps(truth, case.predicted(labels), names)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - confusion.diagonal()
    there = confusion.sum(axis=1) > 0
    return float((confusion.diagonal()[there] / union[there]).mean())


def best_from_maps(truth: NDArray[np.int64], case: Case, vocabulary: Vocabulary, score: str) -> tuple[float, float]:
    """Tries a threshold between any two scores; the lowest and the highest of the best."""
    label, scores = Threshold(score=score).candidates(case.table.relabelled(vocabulary.classes), vocabulary)
    known = np.unique(scores)
    tried = np.concatenate([known[:1] - 1, (known[1:] + known[:-1]) / 2, known[-1:] + 1])
    miou = [
        miou_from_maps(truth, case, np.where(scores >= threshold, label, 0), len(vocabulary.classes))
        for threshold in tried
    ]
    best = np.flatnonzero(np.isclose(miou, max(miou), rtol=0, atol=1e-12))
    return tried[best.min()], tried[best.max()]


def oracle_by_hand(truth: NDArray[np.int64], case: Case, names: int) -> float:
    """mIoU where each segment has the label of the mask it overlaps best, found in the maps."""
    labels = np.zeros(len(case.table.image), dtype=np.int32)
    for segment, image in enumerate(case.table.image):
        inside, mask = case.segments[image] == segment, truth[image]
        known = mask != IGNORE
        overlap = [
            np.count_nonzero(inside & (mask == label)) / max(np.count_nonzero(known & (inside | (mask == label))), 1)
            for label in range(names + 1)
        ]
        labels[segment] = int(np.argmax(overlap))
    return miou_from_maps(truth, case, labels, names)


def test_every_class_list_comes_once() -> None:
    found = study(sizes=[4, 2, 6, 40], absent=[3, 9])
    assert list(found.columns) == [*KEYS, "threshold", "score", "miou", "miou_frozen", "miou_oracle"]
    others = [(size, draw) for size in (2, 4, CLASSES) for draw in range(3)]
    absent = [(CLASSES, 0), *((CLASSES + 3, draw) for draw in range(3)), (CLASSES + ABSENT, 0)]
    for (kind, _), rows in found.groupby(["kind", "strategy"]):
        assert list(zip(rows["size"], rows.draw, strict=True)) == {"others": others, "absent": absent}[kind]
    assert list(found.kind.unique()) == ["others", "absent"]
    assert list(found.strategy.unique()) == list(PARAMS)


@pytest.mark.parametrize("score", ["cosine", "product"])
@pytest.mark.parametrize(("draw", "size"), [(0, 2), (0, 4), (1, 4), (2, CLASSES)])
def test_a_list_is_what_relabelled_maps_give(score: str, draw: int, size: int) -> None:
    name = {"cosine": "cosine", "product": "global"}[score]
    held, rows = drawn(draw, 2), drawn(draw, size)
    vocabulary = WORDS.select([WORDS.classes[row] for row in rows])
    row = study().set_index(KEYS).loc["others", name, size, draw]

    lowest, highest = best_from_maps(relabelled_by_hand(CALIB.truth, held, rows), CALIB, vocabulary, score)
    assert lowest <= row.threshold <= highest + 1e-3
    truth = relabelled_by_hand(TEST.truth, held, rows)
    label, scores = Threshold(score=score).candidates(TEST.table.relabelled(vocabulary.classes), vocabulary)
    frozen = study().set_index(KEYS).loc["others", name, CLASSES, draw].threshold
    for column, threshold in {"miou": row.threshold, "miou_frozen": frozen}.items():
        expected = miou_from_maps(truth, TEST, np.where(scores >= threshold, label, 0), size)
        assert row[column] == pytest.approx(expected, abs=1e-12)
    assert row.miou_oracle == pytest.approx(oracle_by_hand(truth, TEST, size), abs=1e-12)
    calibration = Threshold(score=score).candidates(CALIB.table.relabelled(vocabulary.classes), vocabulary)[1]
    labelled = np.isin(CALIB.truth, [0, *(held + 1)])
    assert row.score == np.median(calibration[np.unique(CALIB.segments[labelled])])


def test_what_counts_and_what_the_oracle_makes_of_it_is_the_same_for_all_lists() -> None:
    found = study()
    assert (found.groupby(["kind", "draw"]).miou_oracle.agg(np.ptp) < 1e-12).all()


def test_absent_words_own_no_pixel_and_join_no_mean() -> None:
    words = WORDS.negatives("absent")
    row = study().set_index(KEYS).loc["absent", "cosine", CLASSES + ABSENT, 0]
    scores = TEST.table.embedding.astype(float) @ np.concatenate([WORDS.text, words.text]).astype(float).T
    labels = np.where(scores.max(axis=1) >= row.threshold, scores.argmax(axis=1) + 1, 0).astype(np.int32)
    assert labels.max() > CLASSES
    assert row.miou == pytest.approx(miou_from_maps(TEST.truth, TEST, labels, CLASSES + ABSENT), abs=1e-12)


def test_the_whole_list_is_the_calibration() -> None:
    found = study().set_index(KEYS).loc["absent"]
    for name, params in PARAMS.items():
        strategy = build(params).fit(CALIB.table, WORDS)
        row = found.loc[name, CLASSES, 0]
        expected = miou_from_maps(TEST.truth, TEST, strategy.predict(TEST.table, WORDS), CLASSES)
        assert row.threshold == strategy.threshold
        assert row.miou == row.miou_frozen == pytest.approx(expected, abs=1e-12)


def test_a_constant_is_always_frozen() -> None:
    found = study()
    fixed = found[found.strategy == "fixed"]
    assert set(fixed.threshold) == {0.5}
    assert list(fixed.miou) == list(fixed.miou_frozen)


def test_the_number_of_processes_changes_nothing() -> None:
    pd.testing.assert_frame_equal(study(workers=1), study(workers=2), check_exact=True)


def test_order_of_classes_changes_no_figure_of_the_whole_list() -> None:
    turned = replace(
        CALIB, table=CALIB.table.relabelled(WORDS.classes[::-1]), vocabulary=WORDS.select(WORDS.classes[::-1])
    )
    test = replace(TEST, table=TEST.table.relabelled(WORDS.classes[::-1]))
    first, second = (frame[frame.kind == "absent"].reset_index(drop=True) for frame in (study(), study(turned, test)))
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)


def test_a_draw_with_nothing_to_fit_is_not_a_number() -> None:
    case = random_case(2, images=8, classes=CLASSES, background=False)
    first = [drawn(draw, 1)[0] for draw in range(6)]
    pixels = case.table.histogram.toarray()
    pixels[:, np.arange(CLASSES + 1) != first[0] + 1] = 0  # One class alone has pixels, and nothing is background.
    case = replace(case, table=replace(case.table, histogram=csr_array(pixels)))
    found = study(case, case, sizes=[1], draws=6)
    found = found[(found["size"] == 1) & (found.strategy == "cosine")].set_index("draw")
    labelled = [row == first[0] for row in first]
    assert 0 < sum(labelled) < 6
    assert list(found.miou.notna()) == labelled
    assert list(found.threshold.notna()) == labelled


def test_without_background_every_candidate_is_accepted() -> None:
    case = random_case(3, images=8, classes=CLASSES, background=False)
    found = study(case, case).set_index(KEYS).loc["others", "cosine", 4, 0]
    held, rows = drawn(0, 2), drawn(0, 4)
    vocabulary = case.vocabulary.select([case.vocabulary.classes[row] for row in rows])
    label = Threshold(score="cosine").candidates(case.table.relabelled(vocabulary.classes), vocabulary)[0]
    expected = miou_from_maps(relabelled_by_hand(case.truth, held, rows), case, label, 4)
    assert found.miou == found.miou_frozen == pytest.approx(expected, abs=1e-12)


def test_what_belongs_to_classes_cannot_be_frozen() -> None:
    with pytest.raises(UserError, match=r"single threshold .* got 'own', whose"):
        vocabulary_study({"own": build({"rule": "per_class"})}, CALIB.table, TEST.table, WORDS, [2], [1], 1, 0, 1)


def test_no_absent_word_is_another_name_of_a_class() -> None:
    words = replace(WORDS.lists["absent"], words=("table", "Bear", "gate", "cup", "tie", "eel"))
    names = ("dining table", "teddy bear", "gate post", "tie", "mug, tea cup", "dog")
    renamed = replace(CALIB, vocabulary=replace(WORDS, words=names, lists={"absent": words}))
    found = study(renamed, sizes=[], absent=[1], draws=1)
    # Of the six words only gate and eel are left.
    assert set(found.kind) == {"absent"}
    assert found["size"].drop_duplicates().to_list() == [CLASSES, CLASSES + 1, CLASSES + 2]


def test_a_vocabulary_without_absent_words_is_refused() -> None:
    bare = replace(CALIB, vocabulary=replace(WORDS, lists={}))
    with pytest.raises(UserError, match="word list"):
        study(bare)


def test_of_a_strategy_fitted_to_classes_the_threshold_alone_is_frozen() -> None:
    class Shifted(Threshold):
        """Scores less a number for each class: an array that fits one class list only."""

        def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> "Shifted":
            self.shift = np.linspace(0, 0.1, len(vocabulary.classes))
            return super().fit(table, vocabulary)

        def candidates(self, table: SegmentTable, vocabulary: Vocabulary):  # noqa: ANN202
            label, score = super().candidates(table, vocabulary)
            assert len(self.shift) == len(vocabulary.classes)
            return label, score - self.shift[label - 1]

    found = vocabulary_study({"x": Shifted(score="cosine")}, CALIB.table, TEST.table, WORDS, [2], [1], 2, 0, 1)
    assert pd.DataFrame(found).notna().all(axis=None)

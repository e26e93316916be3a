from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from groupseg.compare import differences
from groupseg.compare.differences import Comparison, compare_revisions
from groupseg.compare.revisions import CountsOrigin, DatasetCounts, Revision
from groupseg.metrics.bootstrap import resample_weights
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.strategies.fixed import Fixed
from tests.tables import random_case

KEYS = tuple(f"image{row}" for row in range(30))
CLASSES = ("cat", "dog", "eel")


def counts(seed: int, better: int = 0) -> Counts:
    """One truth for all; the more `better`, the more of it is hit."""
    truth = np.random.default_rng(0).integers(20, 60, (30, 4))
    random = np.random.default_rng([1, seed])
    tp = np.minimum(truth, random.integers(0, 40, truth.shape) + better)
    return Counts(tp, tp + random.integers(0, 20, truth.shape), truth)


def revision(
    keys: tuple[str, ...] = KEYS, classes: tuple[str, ...] = CLASSES, name: str = "x", **strategies: Counts
) -> Revision:
    return Revision(CountsOrigin("HEAD", "0" * 40), (name,), {name: DatasetCounts(strategies, keys, classes)})


def both(a: dict[str, dict[str, Counts]], b: dict[str, dict[str, Counts]], resamples: int) -> Comparison:
    """Compares revisions of several data sets, {data set: {strategy: counts}}."""

    def side(datasets: dict[str, dict[str, Counts]]) -> Revision:
        counts = {name: DatasetCounts(strategies, KEYS, CLASSES) for name, strategies in datasets.items()}
        return Revision(CountsOrigin("HEAD", "0" * 40), tuple(counts), counts)

    return compare_revisions(side(a), side(b), resamples)


def test_rows_are_those_of_max_t_over_all_data_sets_by_loops() -> None:
    a = {"x": {"fixed": counts(1), "same": counts(9), "top_k": counts(2)}, "y": {"fixed": counts(3)}}
    b = {"x": {"fixed": counts(4, 2), "same": counts(9), "top_k": counts(5, 5)}, "y": {"fixed": counts(6, 1)}}
    comparison = both(a, b, 199)
    order = np.argsort(KEYS)  # images are drawn in the order of their names

    def miou(side: Counts, drawn: np.ndarray) -> float:
        return float(mean_iou(Counts(side.tp[drawn], side.predicted[drawn], side.truth[drawn]).total()))

    deviations, rows = [], []
    for seed, dataset in enumerate(comparison.datasets):
        random = np.random.default_rng(seed)
        draws = [order[random.integers(0, 30, 30)] for _ in range(199)]
        for row in dataset.rows:
            first, second = (side[dataset.name][row.strategy] for side in (a, b))
            assert (row.a, row.b) == (mean_iou(first.total()), mean_iou(second.total()))
            assert row.difference == row.b - row.a
            drawn = np.array([miou(second, draw) - miou(first, draw) for draw in draws])
            others = [np.delete(np.arange(30), image) for image in range(30)]
            left_out = np.array([miou(second, rest) - miou(first, rest) for rest in others])
            error = max(drawn.std(), np.sqrt(29 / 30 * np.sum((left_out - left_out.mean()) ** 2)))
            spread = drawn.mean() + (drawn - drawn.mean()) / drawn.std() * error
            deviations.append(np.abs(spread - row.difference) / error)
            rows.append((row, error))
    assert [row.strategy for row, _ in rows] == ["fixed", "top_k", "fixed"]
    largest = np.sort(np.max(deviations, axis=0))
    for row, error in rows:
        assert row.p == pytest.approx((1 + np.sum(largest >= abs(row.difference) / error)) / 200)
        ends = row.difference - largest[-10] * error, row.difference + largest[-10] * error
        assert (row.low, row.high) == pytest.approx(ends)
        assert row.significant == (row.p <= 0.05) == (row.low > 0 or row.high < 0)


def test_equal_sides_do_not_differ() -> None:
    sides = [revision(fixed=counts(1), relative=counts(2)) for _ in range(2)]
    dataset = compare_revisions(*sides, 50).datasets[0]
    assert (dataset.rows, dataset.unchanged) == ((), ("fixed", "relative"))


@pytest.mark.parametrize("field", ["tp", "predicted"])
def test_one_pixel_in_one_image_is_a_change(field: str) -> None:
    count = counts(1)
    other = getattr(count, field).copy()
    other[7, 2] -= 1
    dataset = compare_revisions(revision(fixed=count), revision(fixed=replace(count, **{field: other})), 99).datasets[0]
    (row,) = dataset.rows
    assert row.difference != 0
    assert not row.significant
    assert dataset.unchanged == ()


def test_what_did_not_change_changes_no_figure() -> None:
    a, b = {"x": {"fixed": counts(1)}}, {"x": {"fixed": counts(2, better=2)}}
    alone = both(a, b, 99).datasets[0].rows
    same = {f"same{index}": counts(10 + index) for index in range(30)}
    dataset = both({"x": a["x"] | same}, {"x": b["x"] | same}, 99).datasets[0]
    assert dataset.rows == alone
    assert dataset.unchanged == tuple(sorted(same))


def test_another_threshold_is_significant_among_35_strategies_of_three_data_sets() -> None:
    a: dict[str, DatasetCounts] = {}
    b: dict[str, DatasetCounts] = {}
    for seed, name in enumerate(("scenes20", "scenes59", "scenes80")):
        case = random_case(seed, images=400, classes=10)
        judged = {
            threshold: image_counts(case.table, Fixed(threshold=threshold).predict(case.table, case.vocabulary))
            for threshold in (0.9, 0.6, 0.61)
        }
        others = {f"other{index}": judged[0.9] for index in range(33)}
        # In some images `moved` changes too, but by no more than chance.
        for side, fixed, moved in ((a, 0.9, 0.6), (b, 0.6, 0.61)):
            strategies = {"fixed": judged[fixed], "moved": judged[moved], **others}
            side[name] = DatasetCounts(strategies, case.table.keys, case.table.classes)
    place, names = CountsOrigin("HEAD", "0" * 40), tuple(a)
    for dataset in compare_revisions(Revision(place, names, a), Revision(place, names, b), 2000).datasets:
        fixed_row, moved_row = dataset.rows
        assert len(dataset.unchanged) == 33
        assert fixed_row.p == 1 / 2001
        assert fixed_row.significant
        assert fixed_row.low > 0
        assert not moved_row.significant


def test_hardly_ever_is_anything_significant_where_nothing_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three data sets, two strategies: the counts of an image are as likely on one side as on the other."""
    monkeypatch.setattr(differences, "resample_weights", cache(resample_weights))
    random, keys, false = np.random.default_rng(0), tuple(f"{row:03}" for row in range(200)), 0
    truth = random.integers(20, 60, (200, 2))

    def side() -> Revision:
        datasets = {}
        for name in "xyz":
            hits, wrong = random.binomial(truth, 0.6, (2, 200, 2)), random.binomial(20, 0.5, (2, 200, 2))
            strategies = {str(index): Counts(hits[index], hits[index] + wrong[index], truth) for index in range(2)}
            datasets[name] = DatasetCounts(strategies, keys, ("cat",))
        return Revision(CountsOrigin("HEAD", "0" * 40), tuple("xyz"), datasets)

    for _ in range(300):
        comparison = compare_revisions(side(), side(), 199)
        false += any(row.significant for dataset in comparison.datasets for row in dataset.rows)
    # Three standard deviations to spare: 26 of 300. Each data set by itself would make it 53, each row by itself 97.
    assert 3 <= false <= 300 * 0.05 + 3 * np.sqrt(300 * 0.05 * 0.95)


def test_the_other_way_round_changes_the_sign() -> None:
    a, b = revision(fixed=counts(1)), revision(fixed=counts(2, better=5))
    (there,), (back,) = (compare_revisions(*sides, 100).datasets[0].rows for sides in ((a, b), (b, a)))
    assert back.difference == -there.difference
    assert (back.low, back.high) == (-there.high, -there.low)
    assert back.p == there.p


def test_images_and_classes_are_matched_by_name() -> None:
    a, b = counts(1), counts(2, better=5)
    rows, columns = np.random.default_rng(3).permutation(30), np.array([2, 0, 1])
    index = np.ix_(rows, [0, *(1 + columns)])
    shuffled = revision(
        tuple(KEYS[row] for row in rows),
        tuple(CLASSES[column] for column in columns),
        fixed=Counts(b.tp[index], b.predicted[index], b.truth[index]),
    )
    straight = compare_revisions(revision(fixed=a), revision(fixed=b), 100)
    assert compare_revisions(revision(fixed=a), shuffled, 100) == straight


def test_rows_are_by_name_and_the_oracle_is_last() -> None:
    a = {"oracle.label": counts(1), "relative": counts(2), "fixed": counts(3), "gone": counts(4)}
    b = {"relative": counts(6), "new": counts(5), "fixed": counts(7), "oracle.label": counts(8)}
    dataset = compare_revisions(revision(**a), revision(**b), 20).datasets[0]
    assert [row.strategy for row in dataset.rows] == ["fixed", "relative", "oracle.label"]
    assert compare_revisions(revision(**a), revision(**a), 20).datasets[0].unchanged == (
        "fixed", "gone", "relative", "oracle.label",
    )  # fmt: skip
    assert (dataset.only_a, dataset.only_b) == (("gone",), ("new",))


def test_no_strategy_in_common() -> None:
    dataset = compare_revisions(revision(old=counts(1)), revision(new=counts(1)), 20).datasets[0]
    assert (dataset.reason, dataset.rows, dataset.unchanged) == (None, (), ())


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            {"keys": ("new", *KEYS[1:])},
            "the images differ: 1 (image0) only in A, 1 (new) only in B",
        ),
        (
            {"classes": ("ant", "bee", "cow")},
            "the classes differ: 3 (cat, dog, eel) only in A, 3 (ant, bee, cow) only in B",
        ),
    ],
)
def test_other_data_is_not_comparable(other: dict[str, tuple[str, ...]], reason: str) -> None:
    b = revision(fixed=counts(1), **other)  # type: ignore[arg-type]
    dataset = compare_revisions(revision(fixed=counts(1)), b, 20).datasets[0]
    assert (dataset.reason, dataset.rows, dataset.unchanged) == (reason, (), ())
    assert dataset.images == len(set(KEYS) & set(other.get("keys", KEYS)))


def test_fewer_images_are_not_comparable() -> None:
    whole = counts(1)
    half = Counts(whole.tp[:15], whole.predicted[:15], whole.truth[:15])
    dataset = compare_revisions(revision(fixed=whole), revision(KEYS[:15], fixed=half), 20).datasets[0]
    assert dataset.reason == "the images differ: 15 (image15, image16, image17, ...) only in A, 0 only in B"


def test_other_labels_under_the_same_names_are_not_comparable() -> None:
    a = counts(1)
    truth = a.truth.copy()
    truth[3, 1] += 1
    dataset = compare_revisions(revision(fixed=a), revision(fixed=Counts(a.tp, a.predicted, truth)), 20).datasets[0]
    assert dataset.reason == "the labels differ in 1 of 30 images of the same name"


def test_a_data_set_without_labels_is_not_comparable() -> None:
    nothing = np.zeros((30, 4), dtype=np.int64)
    side = revision(fixed=Counts(nothing, nothing, nothing))
    assert compare_revisions(side, side, 20).datasets[0].reason == "no pixel is labelled"


def test_one_image_shows_nothing() -> None:
    sides = [Counts(count.tp[:1], count.predicted[:1], count.truth[:1]) for count in (counts(1), counts(2, 9))]
    (row,) = compare_revisions(*(revision(("k",), fixed=side) for side in sides), 50).datasets[0].rows
    assert row.difference > 0
    assert (row.low, row.high, row.p, row.significant) == (-1, 1, 1, False)


def test_data_sets_of_one_side_are_listed() -> None:
    a, b = revision(name="voc", fixed=counts(1)), revision(name="coco", fixed=counts(1))
    comparison = compare_revisions(Revision(a.place, a.names, {}), Revision(b.place, b.names, {}), 20)
    assert (comparison.datasets, comparison.only_a, comparison.only_b) == ((), ("voc",), ("coco",))

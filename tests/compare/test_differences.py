import numpy as np
import pytest
from scipy.stats import bootstrap

from groupseg.compare.differences import compare_revisions, holm
from groupseg.compare.revisions import DatasetCounts, Place, Revision
from groupseg.metrics.confusion import Counts
from groupseg.metrics.iou import mean_iou

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
    return Revision(Place("HEAD", "0" * 40), (name,), {name: DatasetCounts(strategies, keys, classes)})


def test_interval_is_that_of_scipy() -> None:
    a, b = counts(1), counts(2, better=4)
    (row,) = compare_revisions(revision(fixed=a), revision(fixed=b), 300).datasets[0].rows

    def miou(side: Counts, drawn: np.ndarray) -> float:
        return float(mean_iou(Counts(side.tp[drawn], side.predicted[drawn], side.truth[drawn]).total()))

    # Images are drawn in the order of their names.
    order = np.argsort(KEYS)
    expected = bootstrap(
        (np.arange(30),),
        lambda drawn: miou(b, order[drawn]) - miou(a, order[drawn]),
        vectorized=False,
        n_resamples=300,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (row.low, row.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (row.a, row.b) == (mean_iou(a.total()), mean_iou(b.total()))
    assert row.difference == row.b - row.a
    assert row.low <= row.difference <= row.high


def test_equal_sides_do_not_differ() -> None:
    sides = [revision(fixed=counts(1), relative=counts(2)) for _ in range(2)]
    for row in compare_revisions(*sides, 50).datasets[0].rows:
        assert (row.difference, row.low, row.high, row.p, row.significant) == (0, 0, 0, 1, False)


def test_a_clear_gain_is_significant_and_noise_is_not() -> None:
    a = revision(clear=counts(1), noise=counts(2))
    b = revision(clear=counts(1, better=15), noise=counts(3))
    clear, noise = compare_revisions(a, b, 999).datasets[0].rows
    assert clear.significant
    assert clear.low > 0
    assert clear.p == pytest.approx(2 * 0.001)
    assert not noise.significant
    assert noise.low < 0 < noise.high


def test_the_other_way_round_changes_the_sign() -> None:
    a, b = revision(fixed=counts(1)), revision(fixed=counts(2, better=5))
    (there,), (back,) = (compare_revisions(*sides, 100).datasets[0].rows for sides in ((a, b), (b, a)))
    assert back.difference == -there.difference
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
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
    b = {"relative": counts(2), "new": counts(5), "fixed": counts(3), "oracle.label": counts(1)}
    dataset = compare_revisions(revision(**a), revision(**b), 20).datasets[0]
    assert [row.strategy for row in dataset.rows] == ["fixed", "relative", "oracle.label"]
    assert (dataset.only_a, dataset.only_b) == (("gone",), ("new",))


def test_no_strategy_in_common() -> None:
    dataset = compare_revisions(revision(old=counts(1)), revision(new=counts(1)), 20).datasets[0]
    assert (dataset.reason, dataset.rows) == (None, ())


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
    assert (dataset.reason, dataset.rows) == (reason, ())
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
    assert not row.significant


def test_data_sets_of_one_side_are_listed() -> None:
    a, b = revision(name="voc", fixed=counts(1)), revision(name="coco", fixed=counts(1))
    comparison = compare_revisions(Revision(a.place, a.names, {}), Revision(b.place, b.names, {}), 20)
    assert (comparison.datasets, comparison.only_a, comparison.only_b) == ((), ("voc",), ("coco",))


def test_holm_against_its_definition() -> None:
    # The example of R's p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.5), "holm"), shuffled.
    p = np.array([0.5, 0.03, 0.01, 0.04, 0.02])
    assert holm(p).tolist() == pytest.approx([0.5, 0.09, 0.05, 0.09, 0.08])
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []

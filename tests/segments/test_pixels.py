"""Tables of scores: what a rule makes of them is what it makes of every pixel by itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import from_numpy
from torch.nn import functional as F

from groupseg.datasets.sample import Sample
from groupseg.errors import UserError
from groupseg.metrics.confusion import Counts, confusion_from_maps, confusion_matrix, image_counts
from groupseg.metrics.curve import threshold_curve
from groupseg.metrics.iou import iou_summary, mean_iou
from groupseg.segments.pixels import Scored, from_scores
from groupseg.segments.score_table import build_score_table, pixel_segments, score_vocabulary
from groupseg.segments.table import SegmentTable
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.registry import STRATEGIES, build
from stages.params import load_params
from tests.tables import miou, random_case

ROOT = Path(__file__).parents[2]
CLASSES = ("cat", "dog", "sky")
STEPS = 16


def images(seed: int = 0, count: int = 4) -> tuple[list[NDArray[np.float64]], list[NDArray[np.int64]]]:
    """Logits of classes that are often right, and masks."""
    random = np.random.default_rng(seed)
    masks = [random.choice([0, 1, 2, 3, 255], size=random.integers(5, 15, 2)) for _ in range(count)]
    logits = []
    for mask in masks:
        own = random.normal(size=(len(CLASSES), *mask.shape))
        for label in range(1, len(CLASSES) + 1):
            own[label - 1] += 2 * (mask == label)
        logits.append(own)
    return logits, masks


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    power = np.exp(logits)
    return power / power.sum(axis=0)


def by_pixel(threshold: float, logits: list[NDArray[np.float64]]) -> list[NDArray[np.int64]]:
    """The best class of each pixel where its probability reaches a threshold."""
    shares = [softmax(own) for own in logits]
    return [np.where(share.max(axis=0) >= threshold, share.argmax(axis=0) + 1, 0) for share in shares]


def confusion(labels: list[NDArray[np.int64]], masks: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return sum(
        (confusion_from_maps(mask, own, len(CLASSES)) for mask, own in zip(masks, labels, strict=True)),
        start=np.zeros((4, 4), dtype=np.int64),
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), step=st.integers(0, STEPS))
def test_a_threshold_at_a_step_labels_every_pixel_as_by_itself(seed: int, step: int) -> None:
    logits, masks = images(seed)
    scored = from_scores(logits, masks, CLASSES, steps=STEPS)
    rule = build({"rule": "fixed", "score": "softmax", "threshold": step / STEPS, "clamp": False})
    labels = rule.predict(scored.table, scored.vocabulary)
    expected = by_pixel(step / STEPS, logits)
    for row, own in enumerate(expected):
        np.testing.assert_array_equal(scored.label_map(row, labels), own)
    np.testing.assert_array_equal(confusion_matrix(scored.table, labels), confusion(expected, masks))


def test_the_whole_curve_is_that_of_the_pixels_but_for_a_step() -> None:
    logits, masks = images(1, count=6)
    scored = from_scores(logits, masks, CLASSES)
    rule = build({"rule": "threshold", "score": "softmax"}).fit(scored.table, scored.vocabulary)
    curve = threshold_curve(*rule.candidates(scored.table, scored.vocabulary), scored.table.histogram)
    for threshold, found in zip(curve.thresholds[::7], curve.miou[::7], strict=True):
        # Steps are so fine that each segment is a pixel: halfway to the next one nothing rounds.
        at = confusion(by_pixel(threshold - 1e-6, logits), masks)
        counts = Counts(np.diag(at), at.sum(axis=0), at.sum(axis=1))
        assert found == pytest.approx(float(mean_iou(counts)), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), steps=st.sampled_from([1, 3, 64]))
def test_pixels_of_a_segment_share_class_and_step(seed: int, steps: int) -> None:
    shares = softmax(images(seed, 1)[0][0])
    segments, mean = pixel_segments(shares, steps)
    best, step = shares.argmax(axis=0), np.floor(shares.max(axis=0) * steps)
    assert len(mean) == len(np.unique(best * steps + step))
    for segment, own in enumerate(mean):
        here = segments == segment
        assert len(np.unique(best[here])) == len(np.unique(step[here])) == 1
        np.testing.assert_allclose(own, shares[:, here].mean(axis=1), atol=1e-12)
        assert own.argmax() == best[here][0]
        assert own.max() - shares.max(axis=0)[here].min() <= 1 / steps


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), step=st.integers(1, STEPS))
def test_the_score_of_a_method_leaves_to_the_background_what_it_is_ahead_of(seed: int, step: int) -> None:
    random = np.random.default_rng(seed)
    # Shares of words: not all of them are of a class, so that the sums are below 1. Some tie with the background.
    shares = softmax(2 * random.normal(size=(6, 9, 7)))[:4]
    shares[2, ::3] = shares[0, ::3]
    image, mask = np.zeros((9, 7, 3), dtype=np.uint8), random.choice([0, 1, 2, 3, 255], size=(9, 7))
    maps: list[NDArray[np.intp]] = []
    table = build_score_table(
        lambda _: from_numpy(shares), [Sample("a", image, mask, "a")], CLASSES, True, {"scores": ""},
        lambda _, own: maps.append(own), STEPS,
    )  # fmt: skip
    threshold = step / STEPS
    rule = build({"rule": "fixed", "score": "probability", "threshold": threshold, "clamp": False})
    expected = np.where(shares.max(axis=0) >= threshold, shares.argmax(axis=0), 0)
    labels = rule.predict(table, score_vocabulary(table))[maps[0]]
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(confusion_matrix(table, labels_of(table, rule)), confusion([expected], [mask]))
    lead = build({"rule": "background_captions", "calibrated": False}).fit(table, score_vocabulary(table))
    ahead = lead.candidates(table, score_vocabulary(table))[1][maps[0]] > 0
    np.testing.assert_array_equal(ahead, shares[1:].max(axis=0) > shares[0])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (
            np.full((3, 2, 2), 0.2),
            r"image 'a': expected scores of shape \(3, 9, 7\), or \(4, 9, 7\) .* got \(3, 2, 2\)",
        ),
        (np.full((5, 9, 7), 0.2), r"image 'a': expected scores of shape .* got \(5, 9, 7\)"),
        (np.full((3, 9, 7), np.nan), "image 'a': its scores must be probabilities in 0..1, but lie in nan..nan"),
        (np.full((3, 9, 7), 1.5), "image 'a': its scores must be probabilities in 0..1, but lie in 1.5..1.5"),
        (np.full((4, 9, 7), -0.5), "image 'a': its scores must be probabilities in 0..1"),
    ],
)
def test_what_are_no_scores_of_an_image_is_one_line(scores: NDArray[np.float64], message: str) -> None:
    sample = Sample("a", np.zeros((9, 7, 3), dtype=np.uint8), np.zeros((9, 7), dtype=np.uint8), "a")
    with pytest.raises(UserError, match=message) as caught:
        build_score_table(lambda _: from_numpy(scores), [sample], CLASSES, True, {"scores": ""}, lambda *_: None, STEPS)
    assert "\n" not in str(caught.value)


def labels_of(table: SegmentTable, rule: Strategy) -> NDArray[np.int32]:
    return rule.predict(table, score_vocabulary(table))


def test_the_score_of_a_method_is_for_segments_that_have_scores() -> None:
    case = random_case(0)
    with pytest.raises(UserError, match="Score `probability` is what a method says of every pixel"):
        build({"rule": "threshold", "score": "probability"}).fit(case.table, case.vocabulary)


def few_colours(seed: int, images: int = 12) -> tuple[SegmentTable, SegmentTable, NDArray[np.intp]]:
    """Two tables of images whose pixels have six vectors of scores each, and the segment of every pixel.

    One is of segments. In the other every pixel is a segment by itself.
    """
    random, planes = np.random.default_rng(seed), len(CLASSES) + 1
    shares, samples, maps = [], [], []
    for row in range(images):
        palette, which = random.dirichlet(np.full(planes + 1, 0.7), size=6)[:, :planes], random.integers(0, 6, (6, 7))
        right = random.random(which.shape) < 0.6
        mask = np.where(right, palette.argmax(axis=1)[which], random.choice([0, 1, 2, 3, 255], size=which.shape))
        shares.append(palette[which].transpose(2, 0, 1))
        samples.append(Sample(f"{seed}-{row}", np.full((6, 7, 3), row, dtype=np.uint8), mask, str(row)))
    table = build_score_table(
        lambda sample: from_numpy(shares[int(sample.image[0, 0, 0])]), samples, CLASSES, True, {"scores": ""},
        lambda _, own: maps.append(own), 4000,
    )  # fmt: skip
    first = np.searchsorted(table.image, np.arange(images))
    segment = np.concatenate([(own + start).ravel() for own, start in zip(maps, first, strict=True)])
    truth = np.concatenate([sample.mask.ravel() for sample in samples])
    known = truth != 255
    single = csr_array((known[known].astype(np.int64), (np.flatnonzero(known), truth[known])), (len(truth), planes))
    pixels = replace(
        table, image=table.image[segment], embedding=table.embedding[:][segment], area=np.ones(len(segment), np.int64),
        histogram=single,
    )  # fmt: skip
    return table, pixels, segment


CALIB, TEST = few_colours(0), few_colours(1)
ON_SCORES = {
    name: one for name, one in load_params(ROOT / "params.yaml").strategies.items() if one.needs != "embeddings"
}


@pytest.mark.parametrize("name", ON_SCORES)
def test_a_strategy_labels_pixels_as_if_each_were_a_segment(name: str) -> None:
    definition = ON_SCORES[name].definition()
    quick = {"steps": 20} if "steps" in definition["params"] else {}
    given = {"rule": definition["rule"], **definition["params"], **quick}
    (calib, calib_pixels, _), (table, pixels, segment) = CALIB, TEST
    found = build(given).fit(calib, score_vocabulary(calib))
    labels = found.predict(table, score_vocabulary(table))
    np.testing.assert_array_equal(labels[segment], found.predict(pixels, score_vocabulary(pixels)))
    np.testing.assert_array_equal(confusion_matrix(table, labels), confusion_matrix(pixels, labels[segment]))
    # Of settings that are worth the same, rounding may choose another.
    expected = build(given).fit(calib_pixels, score_vocabulary(calib_pixels))
    mious = [
        miou(calib_pixels, rule.predict(calib_pixels, score_vocabulary(calib_pixels))) for rule in (found, expected)
    ]
    assert mious[0] == pytest.approx(mious[1], abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), threshold=st.floats(0, 1))
def test_a_threshold_between_steps_moves_no_pixel_that_is_farther_from_it_than_a_step(
    seed: int, threshold: float
) -> None:
    logits, masks = images(seed)
    scored = from_scores(logits, masks, CLASSES, steps=STEPS)
    rule = build({"rule": "fixed", "score": "probability", "threshold": threshold, "clamp": False})
    labels = rule.predict(scored.table, scored.vocabulary)
    for row, expected in enumerate(by_pixel(threshold, logits)):
        moved = scored.label_map(row, labels) != expected
        assert (np.abs(softmax(logits[row]).max(axis=0)[moved] - threshold) <= 1 / STEPS).all()


def test_every_rule_that_needs_no_more_than_scores_runs() -> None:
    logits, masks = images(2, count=20)
    scored = from_scores(logits, masks, CLASSES)
    for rule in STRATEGIES.keys() - {"background_prompts"}:
        strategy = build({"rule": rule, **({"threshold": 0.5} if rule == "fixed" else {})})
        labels = strategy.fit(scored.table, scored.vocabulary).predict(scored.table, scored.vocabulary)
        assert iou_summary(image_counts(scored.table, labels))["miou"] > 0, rule
    with pytest.raises(UserError, match="Expected a word list, one of none, but got 'sclip'"):
        build({"rule": "background_prompts"}).fit(scored.table, scored.vocabulary)


def test_scores_of_another_size_are_brought_to_that_of_the_mask() -> None:
    logits, _ = images(3, 1)
    mask = np.zeros((30, 21), dtype=np.uint8)
    full = F.interpolate(from_numpy(softmax(logits[0]))[None], size=(30, 21), mode="bilinear", align_corners=False)[0]
    found = from_scores(logits, [mask], CLASSES)
    expected = from_scores([full.numpy()], [mask], CLASSES, kind="probabilities")
    np.testing.assert_array_equal(found.maps[0], expected.maps[0])
    np.testing.assert_array_equal(found.table.embedding, expected.table.embedding)


def test_logits_and_their_probabilities_are_the_same() -> None:
    logits, masks = images(4)
    tables = [
        from_scores(logits, masks, CLASSES).table,
        from_scores([softmax(own) for own in logits], masks, CLASSES, kind="probabilities").table,
    ]
    np.testing.assert_allclose(tables[0].embedding, tables[1].embedding, atol=1e-6)
    assert (tables[0].area == tables[1].area).all()


def test_a_table_holds_every_pixel_once() -> None:
    logits, masks = images(5)
    scored: Scored = from_scores(logits, masks, CLASSES, steps=8)
    assert scored.table.area.sum() == sum(mask.size for mask in masks)
    assert scored.table.histogram.sum() == sum(int((mask != 255).sum()) for mask in masks)
    assert (np.bincount(np.concatenate([own.ravel() for own in scored.maps])) == scored.table.area).all()


GOOD = np.full((3, 2, 2), 1 / 3)
MASK = np.ones((2, 2), dtype=np.uint8)
BAD: list[tuple[dict[str, Any], str]] = [
    ({"scores": []}, "Scores and masks are not of the same images"),
    ({"scores": [], "masks": []}, "There are no scores."),
    ({"scores": [GOOD, GOOD]}, "Scores and masks are not of the same images"),
    ({"scores": [GOOD[:2]]}, r"image 0: expected scores of shape \(3, height, width\).*but got \(2, 2, 2\)"),
    ({"scores": [GOOD[0]]}, r"but got \(2, 2\)"),
    ({"scores": [np.where(GOOD > 0, np.nan, 0)]}, "image 0: 12 scores are not finite"),
    ({"scores": [2 * GOOD], "kind": "probabilities"}, "image 0: these are no probabilities: .* sums .* in 2..2"),
    ({"scores": [GOOD - 1], "kind": "probabilities"}, "these are no probabilities: they lie in -0.667"),
    ({"masks": [4 * MASK]}, "image 0: expected a mask .* of labels 0..3, or 255 .* but got uint8 .* in 4..4"),
    ({"masks": [MASK.astype(float)]}, "image 0: expected a mask .* but got float64"),
    ({"masks": [MASK[0]]}, "image 0: expected a mask"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_bad_input_is_one_line(changes: dict[str, Any], message: str) -> None:
    given = {"scores": [GOOD], "masks": [MASK], "classes": CLASSES, **changes}
    with pytest.raises(UserError, match=message) as caught:
        from_scores(**given)
    assert "\n" not in str(caught.value)

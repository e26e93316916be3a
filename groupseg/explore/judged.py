"""What the explorer shows of a data set: chosen images, every strategy on them, and counts of all test images."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from groupseg.array_types import Integers
from groupseg.explore.choice import choose_images
from groupseg.explore.evidence import evidence, evidence_on_page
from groupseg.explore.moving import cut_scores, has_score_of, is_movable, own_threshold
from groupseg.explore.packed import smallest
from groupseg.explore.pictures import picture_of
from groupseg.explore.slider import Slider, make_slider
from groupseg.metrics.confusion import entries
from groupseg.report.album import Album
from groupseg.report.kinds import kind_of_cure
from groupseg.report.palette import palette
from groupseg.report.results import DatasetResults, Results
from groupseg.report.roles import LABEL_ORACLE
from groupseg.segments.texts import load_vocabulary
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.registry import load
from groupseg.studies.constants import family


def judged_data(results: Results, dataset: DatasetResults, count: int) -> dict[str, Any]:
    """Gathers what the page shows of a data set with truth.

    Args:
        results: The results of the run.
        dataset: Those of the data set.
        count: How many images to show.

    Raises:
        UserError: If the segments, pictures, texts or predictions are missing or damaged.
    """
    album = Album(results, dataset)
    table = album.table
    vocabulary, _ = load_vocabulary(results.root / f"data/text/{dataset.name}.safetensors", table)
    truth = album.counts[LABEL_ORACLE].truth
    chosen = choose_images(album.right(dataset.best), truth, table.classes, count)
    rows = np.fromiter(chosen, np.int64)
    starts = np.searchsorted(table.image, np.stack([rows, rows + 1]))
    segments = np.concatenate([np.arange(*ends) for ends in starts.T])
    shown = _Shown(dataset, album, vocabulary, rows, segments)
    alike, whole = evidence_on_page(evidence(table.subset(rows), vocabulary))
    strategies = [shown.strategy(name) for name in dataset.strategies]
    return {
        "name": dataset.name,
        "classes": list(table.classes),
        "colours": palette(len(table.classes)).ravel(),
        "images_total": len(table.keys),
        "credit": dataset.credit,
        "truth": smallest(truth.sum(axis=0)),
        "first": dataset.baseline,
        "second": dataset.best,
        "strategies": [*strategies, shown.oracle()],
        "sliders": [slider.to_page() for slider in shown.sliders],
        "images": [
            {"key": table.keys[row], "reason": chosen[row], "count": int(end - start), **_picture(album, row, start)}
            for row, (start, end) in zip(chosen, starts.T, strict=True)
        ],
        "segments": shown.segments() | alike,
        "evidence": whole,
    }


class _Shown:
    """The strategies of a data set, as the page has them.

    Args:
        dataset: The results.
        album: The test images.
        vocabulary: Their classes.
        rows: [M] int64, the images that are shown.
        segments: [G] int64, their segments.
    """

    def __init__(
        self, dataset: DatasetResults, album: Album, vocabulary: Vocabulary, rows: Integers, segments: Integers
    ) -> None:
        self._dataset, self._album, self._vocabulary = dataset, album, vocabulary
        self._segments, self._part = segments, album.table.subset(rows)
        self._moved: dict[str, dict[str, Any]] = {}
        self.sliders: list[Slider] = []

    def strategy(self, name: str) -> dict[str, Any]:
        """Says what a strategy makes of the segments that are shown, and what it counts on all test images."""
        record = self._dataset.calibration[name]
        strategy = load(record)
        if is_movable(strategy, self._album.table):
            found = self._movable(name, record, strategy)
        else:
            label, score = strategy.candidates(self._part, self._vocabulary)
            found = {"candidate": smallest(label), "score": score.astype(np.float32)}
        return {"name": name, "kind": kind_of_cure(record["rule"]), **self._judged(name), **found}

    def oracle(self) -> dict[str, Any]:
        """The label oracle, which has neither candidates nor scores."""
        return {"name": "label oracle", "kind": "knows the truth", **self._judged(LABEL_ORACLE)}

    def segments(self) -> dict[str, Any]:
        """What is known of the segments: pixels, and the true labels under each."""
        histogram = self._album.table.histogram[self._segments]
        segment, label, pixels = entries(histogram)
        order = np.lexsort((-pixels, segment))
        return {
            "area": smallest(self._album.table.area[self._segments]),
            "starts": smallest(histogram.indptr),
            "label": smallest(label[order]),
            "pixels": smallest(pixels[order]),
        }

    def _judged(self, name: str) -> dict[str, Any]:
        counts = self._album.counts[name].total()
        figures = self._dataset.oracle if name == LABEL_ORACLE else self._dataset.strategies[name]
        return {
            "label": smallest(self._album.labels[name][self._segments]),
            "hits": smallest(counts.tp),
            "predicted": smallest(counts.predicted),
            "interval": figures["miou_ci"],
        }

    def _movable(self, name: str, record: Mapping[str, Any], strategy: Strategy) -> dict[str, Any]:
        """Candidates, scores and slider, which constants of one score share."""
        key = family(name, record)
        if key not in self._moved:
            self._moved[key] = self._with_slider(key, record, strategy)
        own = {"constant" if record["rule"] == "fixed" else "calibrated": _own(name)}
        return {**self._moved[key], "own": own}

    def _with_slider(self, key: str, record: Mapping[str, Any], strategy: Strategy) -> dict[str, Any]:
        table = self._album.table
        label, score = strategy.candidates(table, self._vocabulary)
        cut = cut_scores(strategy, score, table)
        slider = make_slider(label, cut, table.histogram, self._marks(key, record))
        self.sliders.append(slider)
        return {
            "candidate": smallest(label[self._segments]),
            "score": score[self._segments].astype(np.float32),
            "last": smallest(slider.place(cut[self._segments])),
            "slider": len(self.sliders) - 1,
        }

    def _marks(self, key: str, record: Mapping[str, Any]) -> dict[str, float]:
        """The thresholds of all strategies that share a slider, and the constant of the data set."""
        records = self._dataset.calibration
        marks = {_own(name): own_threshold(load(one)) for name, one in records.items() if family(name, one) == key}
        constant = records[self._dataset.baseline]
        if has_score_of(record, constant):
            marks["paper"] = own_threshold(load(constant))
        return {name: threshold for name, threshold in marks.items() if threshold is not None}


def _picture(album: Album, row: int, start: int) -> dict[str, Any]:
    image, truth, segments = album.read(row)
    return picture_of(image, segments - start, np.minimum(truth, len(album.classes) + 1))


def _own(name: str) -> str:
    """What the own threshold of a strategy is called among marks, whatever the strategy is called."""
    return f"own {name}"

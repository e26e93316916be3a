"""The choice of a refinement: the network runs once, and figures are those of tables made one by one."""

import numpy as np
import pytest

from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.metrics.oracle import label_oracle
from groupseg.networks.frame import Frame, Square, Windows
from groupseg.refine.choice import choose, figures
from groupseg.refine.settings import UNREFINED, Guided, Pamr
from groupseg.segments.build import build_table
from groupseg.strategies.threshold import Threshold
from tests.segments.networks import RandomNetwork
from tests.segments.test_build import CLASSES, samples
from tests.tables import unit, vocabulary

CANDIDATES = (UNREFINED, Guided(radius=2), Pamr(dilations=(1, 2), steps=3))
TEXT = vocabulary(CLASSES, unit(np.random.default_rng(0).normal(size=(len(CLASSES), 6))))


@pytest.mark.parametrize("frame", [Square(16), Windows(short=16, long=70, crop=16, stride=8)], ids=str)
def test_figures_are_those_of_tables_made_one_by_one(frame: Frame) -> None:
    network, drawn = RandomNetwork(frame), samples(7)
    found = figures(network, lambda: drawn, CLASSES, True, lambda table: TEXT, CANDIDATES)
    assert list(found) == ["none", "guided, radius 2, epsilon 0.0001", "pamr, dilations 1 2, steps 3"]
    asked = list(network.batches)
    for refine in CANDIDATES:
        alone = RandomNetwork(frame)
        table = build_table(alone, drawn, CLASSES, True, {}, lambda key, segments: None, refine)
        assert alone.batches == asked
        miou = summary(image_counts(table, Threshold().fit(table, TEXT).predict(table, TEXT)))["miou"]
        oracle = summary(image_counts(table, label_oracle(table)))["miou"]
        assert found[str(refine)] == {"global": pytest.approx(miou), "oracle": pytest.approx(oracle)}
    assert len({one["oracle"] for one in found.values()}) == len(CANDIDATES)


def test_the_highest_mean_over_data_sets_is_taken_and_of_equals_the_first() -> None:
    def of(**reached: float) -> dict[str, dict[str, float]]:
        return {name: {"global": miou, "oracle": 1 - miou} for name, miou in reached.items()}

    found = choose({"a": of(none=0.5, guided=0.25, pamr=0.25), "b": of(none=0.25, guided=0.75, pamr=0.75)})
    assert found["choice"] == "guided"
    assert {name: one["mean"] for name, one in found["candidates"].items()} == {
        "none": 0.375, "guided": 0.5, "pamr": 0.5,
    }  # fmt: skip
    assert found["candidates"]["pamr"]["datasets"]["b"] == {"global": 0.75, "oracle": 0.25}

from dataclasses import replace
from pathlib import Path

import pandas as pd

from groupseg.report.finding import class_finding, dataset_sentence, headline
from groupseg.report.results import DatasetResults
from tests.report.made import dataset, results

MIOU = {"fixed": 0.3, "global": 0.35, "context": 0.4}


def of(gain: float, spread: float = 0.05, oracle: float = 0.5, **more: float) -> DatasetResults:
    """A data set where `fixed` has 0.3 and `context` so much more."""
    return dataset("a", miou=MIOU | {"context": 0.3 + gain} | more, oracle=oracle, spread=spread)


def test_headline_says_how_much_of_the_way_is_gone(tmp_path: Path) -> None:
    text = headline(results(tmp_path, [of(0.1)]))
    assert text.endswith("over a, global closes 25 % and context closes 50 %.")


def test_headline_claims_nothing_that_may_be_chance(tmp_path: Path) -> None:
    assert headline(results(tmp_path, [of(0.1, spread=0.15)])).endswith("which may be chance.")
    assert "gains nothing measurable" in headline(results(tmp_path, [of(0.1, spread=0.3)]))
    assert "gains nothing measurable" in headline(results(tmp_path, [of(0.1, oracle=0.2)]))


def test_sentence_gives_the_share_of_the_gap_that_is_closed() -> None:
    text = dataset_sentence(of(0.1))
    assert "30.0 % mIoU" in text
    assert "40.0 % (+10.0 points, 95 % interval over test images +5.0 to +15.0)" in text
    assert "would reach 50.0 %: 50 % of that gap is closed." in text


def test_sentence_says_chance_and_closes_no_gap_that_grew() -> None:
    assert "which may be chance" in dataset_sentence(of(0.02))
    assert "gap" not in dataset_sentence(of(-0.1))
    assert "gap" not in dataset_sentence(of(0.1, oracle=0.2))


def test_another_strategy_that_is_higher_is_named() -> None:
    assert "Of 4 strategies cosine is the highest, with 45.0 %." in dataset_sentence(of(0.1, cosine=0.45))
    assert "highest" not in dataset_sentence(of(0.1))


def test_class_finding_counts_classes_that_occur() -> None:
    per_class = pd.DataFrame(
        {
            "class": ["background", "cat", "dog", "raft"],
            "fixed": [0.5, 0.2, 0.4, float("nan")],
            "context": [0.6, 0.5, 0.3, float("nan")],
            "oracle.label": [0.9, 0.9, 0.9, float("nan")],
        }
    )
    text = class_finding(replace(of(0.1), tables={"per_class": per_class}))
    assert "better than fixed for 2 of 3 classes" in text
    assert "worse for 1" in text
    assert "cat (+30.0)" in text
    assert "Left out, as no test pixel is of them: raft." in text

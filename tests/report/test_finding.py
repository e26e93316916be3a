from dataclasses import replace

import pandas as pd

from groupseg.report.finding import class_finding, headline, sentence
from groupseg.report.results import DatasetResults, Results


def dataset(name: str, gain: float, interval: tuple[float, float], oracle: float = 0.5) -> DatasetResults:
    """A data set where `fixed` has 0.3 and `other` so much more."""
    figures = {
        "fixed": {"miou": 0.3, "difference_to_baseline": 0.0, "difference_to_baseline_ci": [0.0, 0.0]},
        "other": {"miou": 0.3 + gain, "difference_to_baseline": gain, "difference_to_baseline_ci": list(interval)},
    }
    metrics = {"baseline": "fixed", "strategies": figures, "oracle": {"label": {"miou": oracle}}}
    return DatasetResults(name, "other", metrics, {}, {}, {"fixed": {}, "other": {}}, "")


def say(results: Results, *datasets: DatasetResults) -> str:
    return headline(replace(results, datasets=datasets))


SURE = dataset("a", 0.1, (0.05, 0.15))
SURER = dataset("b", 0.15, (0.1, 0.2))
CHANCE = dataset("c", 0.02, (-0.01, 0.05))
WORSE = dataset("d", -0.1, (-0.15, -0.05))


def test_headline_says_where_it_helps(results: Results) -> None:
    assert "by 10.0 points over the constant that GroupViT has for such data on a." in say(results, SURE)
    assert "by 10.0 to 15.0 points over the constant that GroupViT has for such data on a and b." in say(
        results, SURER, SURE
    ).replace("b and a", "a and b")
    assert say(results, SURE, CHANCE, WORSE).endswith("on a, not on c and d.")


def test_headline_claims_nothing_that_may_be_chance(results: Results) -> None:
    assert say(results, CHANCE, WORSE).startswith("No strategy is better")


def test_sentence_gives_the_share_of_the_gap_that_is_closed() -> None:
    text = sentence(SURE)
    assert "30.0 % mIoU" in text
    assert "40.0 % (+10.0 points, 95 % interval +5.0 to +15.0)" in text
    assert "would reach 50.0 %: 50 % of that gap is closed." in text


def test_sentence_says_chance_and_closes_no_gap_that_grew() -> None:
    assert "which may be chance" in sentence(CHANCE)
    assert "gap" not in sentence(WORSE)
    assert "gap" not in sentence(dataset("e", 0.1, (0.05, 0.15), oracle=0.2))


def test_another_strategy_that_is_higher_is_named() -> None:
    higher = {"miou": 0.45, "difference_to_baseline": 0.15, "difference_to_baseline_ci": [0.1, 0.2]}
    metrics = SURE.metrics | {"strategies": SURE.metrics["strategies"] | {"third": higher}}
    crowd = replace(SURE, metrics=metrics, calibration=SURE.calibration | {"third": {}})
    assert "Of 3 strategies third is the highest, with 45.0 %." in sentence(crowd)
    assert "highest" not in sentence(SURE)


def test_class_finding_counts_classes_that_occur() -> None:
    per_class = pd.DataFrame(
        {
            "class": ["background", "cat", "dog", "raft"],
            "fixed": [0.5, 0.2, 0.4, float("nan")],
            "other": [0.6, 0.5, 0.3, float("nan")],
            "oracle.label": [0.9, 0.9, 0.9, float("nan")],
        }
    )
    text = class_finding(replace(SURE, tables={"per_class": per_class}))
    assert "better than fixed for 2 of 3 classes" in text
    assert "worse for 1; the ends are cat (+30.0) and dog (\N{MINUS SIGN}10.0)" in text
    assert text.endswith("no test pixel is of them: raft.")

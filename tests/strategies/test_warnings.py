"""Warnings of many strategies, each said once."""

from hypothesis import given
from hypothesis import strategies as st

from groupseg.strategies.warnings import by_sentence

NAMES = st.from_regex("[a-z]{1,4}", fullmatch=True)
SENTENCES = st.sampled_from(["One is bad.", "Two is bad.", "Two is bad. It is odd.", "Two is bad. (3 of 5 folds)"])


def test_a_sentence_is_said_once_with_the_strategies_it_holds_for() -> None:
    assert by_sentence(
        {
            "fixed": [],
            "global": ["The best threshold calls everything background."],
            "cosine": ["The best threshold calls everything background."],
            "per_class": ["No calibration pixel of cat, dog. They take the single threshold."],
            "presence": ["No calibration pixel of cat, dog. They take the common cut."],
        }
    ) == [
        "The best threshold calls everything background. Strategies: global, cosine.",
        "No calibration pixel of cat, dog. Strategies: per_class (they take the single threshold), presence (they take"
        " the common cut).",
    ]
    assert by_sentence({"a": ["Bad."], "b": ["Bad."]}) == ["Bad. All strategies."]
    assert by_sentence({"a": ["Bad."]}) == ["Bad. Strategy: a."]
    assert by_sentence({"a": []}) == []


@given(st.dictionaries(NAMES, st.lists(SENTENCES, max_size=3, unique=True), max_size=6))
def test_no_warning_is_lost_and_no_sentence_said_twice(warnings: dict[str, list[str]]) -> None:
    told = by_sentence(warnings)
    firsts = {line.partition(". ")[0].removesuffix(".") for lines in warnings.values() for line in lines}
    assert [line.partition(". ")[0] for line in told] == list(dict.fromkeys(line.partition(". ")[0] for line in told))
    assert {line.partition(". ")[0] for line in told} == firsts
    for name, lines in warnings.items():
        for line in lines:
            (found,) = (line_told for line_told in told if line_told.startswith(line.partition(". ")[0]))
            assert name in found or found.endswith("All strategies.")

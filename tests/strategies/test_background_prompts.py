"""Background words against a softmax over classes and words, done in torch."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch

from groupseg.errors import UserError
from groupseg.segments.vocabulary import WordList
from groupseg.strategies.background_prompts import BackgroundPrompts
from tests.tables import Case, miou, random_case

WORDS: list[Literal["sclip", "clip_es"]] = ["sclip", "clip_es"]


def by_softmax(case: Case, words: str, constant: float) -> np.ndarray:
    """One softmax over classes, `constant` taken off their cosines, and words; any word means background."""
    embedding = torch.from_numpy(case.table.embedding).double()
    classes = embedding @ torch.from_numpy(case.text).double().T - constant
    negatives = embedding @ torch.from_numpy(case.vocabulary.lists[words].text).double().T
    best = torch.softmax(case.table.scale * torch.cat([classes, negatives], dim=1), dim=1).argmax(dim=1) + 1
    return torch.where(best > classes.shape[1], 0, best).numpy()


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("seed", range(10))
def test_the_published_rule_is_one_softmax(seed: int, words: Literal["sclip", "clip_es"]) -> None:
    case = random_case(seed)
    strategy = BackgroundPrompts(words=words, calibrated=False).fit(case.table, case.vocabulary)
    expected = by_softmax(case, words, 0.0)
    np.testing.assert_array_equal(strategy.predict(case.table, case.vocabulary), expected)
    assert strategy.threshold == 0
    assert strategy.miou == pytest.approx(miou(case.table, expected), abs=1e-12)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("seed", range(5))
def test_no_other_constant_is_better(seed: int, words: Literal["sclip", "clip_es"]) -> None:
    case = random_case(seed)
    strategy = BackgroundPrompts(words=words).fit(case.table, case.vocabulary)

    def with_constant(constant: float) -> float:
        return miou(case.table, by_softmax(case, words, constant))

    assert with_constant(strategy.threshold) == pytest.approx(strategy.miou, abs=1e-12)
    # Between two constants that change a label all are alike.
    lead = np.sort(strategy.candidates(case.table, case.vocabulary)[1])
    tried = np.concatenate([(lead[1:] + lead[:-1]) / 2, np.linspace(-2, 2, 21)])
    assert max(map(with_constant, tried)) <= strategy.miou + 1e-12
    assert BackgroundPrompts(words=words, calibrated=False).fit(case.table, case.vocabulary).miou <= strategy.miou


def test_words_that_name_a_class_are_left_out() -> None:
    case = random_case(1)
    words = WordList(("Class1", *case.vocabulary.lists["sclip"].words[1:]), case.vocabulary.lists["sclip"].text)
    vocabulary = replace(case.vocabulary, lists={"sclip": words})
    strategy = BackgroundPrompts().fit(case.table, vocabulary)
    assert strategy.warnings == ["Background words that name a class were left out: Class1."]
    without = replace(case.vocabulary, lists={"sclip": WordList(words.words[1:], words.text[1:])})
    same = BackgroundPrompts().fit(case.table, without)
    assert (same.threshold, same.warnings) == (strategy.threshold, [])


def test_without_words_there_is_an_error() -> None:
    case = random_case(2)
    with pytest.raises(UserError, match="Expected a word list, one of none, but got 'clip_es'"):
        BackgroundPrompts(words="clip_es").fit(case.table, replace(case.vocabulary, lists={}))
    case.vocabulary.lists["sclip"].text[0] = np.nan
    with pytest.raises(UserError, match="finite background_prompts scores"):
        BackgroundPrompts().fit(case.table, case.vocabulary)


def test_without_background_in_the_data_set_words_never_win() -> None:
    case = random_case(4, background=False)
    for calibrated in (True, False):
        strategy = BackgroundPrompts(calibrated=calibrated).fit(case.table, case.vocabulary)
        assert np.all(strategy.predict(case.table, case.vocabulary) > 0)

"""Expert templates against entropies from torch, class by class."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.floss import Floss
from tests.tables import Case, highest_miou, large_table, miou, random_case, unit


def with_templates(case: Case, templates: int) -> Vocabulary:
    random = np.random.default_rng(templates)
    ensemble = unit(case.text + 0.5 * random.normal(size=(templates, *case.text.shape)))
    return replace(case.vocabulary, ensemble=ensemble)


def entropies(case: Case, vocabulary: Vocabulary, label: int) -> list[float]:
    """Mean entropy of the segments that each template gives to a class; NaN where it gives none."""
    embedding = torch.from_numpy(case.table.embedding)
    found = []
    for text in torch.from_numpy(vocabulary.ensemble):
        answer = torch.distributions.Categorical(logits=case.table.scale * embedding @ text.T)
        found.append(answer.entropy()[answer.probs.argmax(dim=1) == label].mean().item())
    return found


@pytest.mark.parametrize("seed", range(8))
def test_experts_by_hand(seed: int) -> None:
    case = random_case(seed, images=8, classes=4)
    vocabulary = with_templates(case, 7)
    strategy = Floss().fit(case.table, vocabulary)
    means = []
    for label, rows in enumerate(strategy.templates):
        found = entropies(case, vocabulary, label)
        assert len(rows) == min(4, np.count_nonzero(~np.isnan(found)))
        np.testing.assert_allclose(np.array(found)[rows], np.sort(found)[: len(rows)], atol=1e-6)
        means.append(vocabulary.ensemble[rows, label].mean(axis=0))
    label, score = strategy.candidates(case.table, vocabulary)
    cosines = case.table.embedding @ unit(np.array(means)).T
    np.testing.assert_array_equal(label, cosines.argmax(axis=1) + 1)
    np.testing.assert_allclose(score, cosines.max(axis=1), atol=1e-6)
    assert strategy.miou == pytest.approx(highest_miou(case.table, label, score), abs=1e-12)
    assert strategy.miou == pytest.approx(miou(case.table, strategy.predict(case.table, vocabulary)), abs=1e-12)


def test_experts_are_chosen_without_labels() -> None:
    case = random_case(1, images=8)
    vocabulary = with_templates(case, 6)
    shuffled = np.random.default_rng(0).permutation(case.table.histogram.toarray())
    other = replace(case.table, histogram=csr_array(shuffled), area=case.table.area + 7)
    assert Floss().fit(other, vocabulary).templates == Floss().fit(case.table, vocabulary).templates


def test_class_that_no_template_gives_a_segment_keeps_all_templates() -> None:
    case = random_case(2, images=8)
    vocabulary = with_templates(case, 6)
    vocabulary.ensemble[:, 2] = -unit(case.table.embedding.mean(axis=0))
    case.table.embedding[:] = unit(case.table.embedding + 3 * case.table.embedding.mean(axis=0))
    assert Floss().fit(case.table, vocabulary).templates[2] == list(range(6))


def test_as_many_experts_as_templates_are_the_ensemble() -> None:
    case = random_case(3, images=10)
    vocabulary = with_templates(case, 3)
    strategy = Floss(experts=3).fit(case.table, vocabulary)
    assert [sorted(rows) for rows in strategy.templates] == [[0, 1, 2]] * 3
    cosines = case.table.embedding @ unit(vocabulary.ensemble.mean(axis=0)).T
    np.testing.assert_allclose(strategy.candidates(case.table, vocabulary)[1], cosines.max(axis=1), atol=1e-6)


def test_record_is_small() -> None:
    table, vocabulary = large_table(0, segments=4800, classes=80, images=400)
    assert len(json.dumps(Floss().fit(table, vocabulary).to_json())) < 20_000

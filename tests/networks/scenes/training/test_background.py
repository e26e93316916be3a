"""The background learned from captions after the training."""

import torch

from groupseg.networks.scenes.training.background import learn_background
from groupseg.networks.scenes.training.corpus import centred
from tests.networks.scenes.tiny import tiny_model
from tests.networks.scenes.training.tiny import tiny_corpus


def test_nothing_but_the_background_is_learned_and_twice_the_same() -> None:
    corpus = tiny_corpus()
    nouns = centred(corpus.nouns, corpus.nouns.mean(dim=0))
    first, second, untouched = tiny_model(), tiny_model(), tiny_model()
    learn_background(first, corpus, nouns, seed=3)
    learn_background(second, corpus, nouns, seed=3)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name
        assert torch.equal(tensor, untouched.state_dict()[name]) == (name != "background"), name

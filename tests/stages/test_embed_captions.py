"""Captions as vectors."""

from pathlib import Path

import numpy as np

from groupseg.text.features import load_features
from stages import captions, embed_captions
from tests.stages.small import set_params


def test_captions_and_their_nouns_become_unit_vectors(project: Path) -> None:
    set_params({"run.corpora": ["scenes20"], "corpora.scenes20.images": 3})
    captions.main("scenes20")
    embed_captions.main()
    features, about = load_features(project / "data/text/captions.safetensors")
    assert {name: len(vectors) for name, vectors in features.items()} == {name: len(about[name]) for name in about}
    assert about["captions"]
    for vectors in features.values():
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_without_corpora_there_is_no_vector(project: Path) -> None:
    set_params({"run.model": "groupvit_gcc_yfcc", "run.corpora": []})
    embed_captions.main()
    features, about = load_features(project / "data/text/captions.safetensors")
    assert (features, about) == ({}, {"captions": [], "nouns": []})

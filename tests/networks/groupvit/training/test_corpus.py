from pathlib import Path

import numpy as np
import pytest

from groupseg.datasets.shards import read_captions
from groupseg.errors import UserError
from groupseg.networks.groupvit.training.corpus import StreamedCorpus, open_corpus
from groupseg.processes import Place
from tests.networks.groupvit.training.tiny import IMAGES, write_corpus

ALONE = Place(0, 1)


def test_every_image_is_found_by_its_number(corpus: StreamedCorpus, captions: Path) -> None:
    every = list(read_captions(captions))
    assert len(corpus) == len(every) == sum(IMAGES)
    for number in np.random.default_rng(0).permutation(len(every)).tolist():
        found = corpus[number]
        np.testing.assert_array_equal(np.asarray(found.image), every[number].image)
        assert (found.caption, found.nouns) == (every[number].caption, tuple(every[number].nouns))


def test_the_digest_tells_corpora_apart(corpus: StreamedCorpus, captions: Path) -> None:
    assert open_corpus([captions], ALONE).digest() == corpus.digest()
    assert open_corpus([captions, captions], ALONE).digest() != corpus.digest()


def test_a_damaged_shard_is_one_line(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "corpus")
    shard = folder / "train-00001.tar"
    content = shard.read_bytes()
    found = open_corpus([folder], ALONE)
    shard.write_bytes(content[:2000])
    with pytest.raises(UserError, match=r"train-00001\.tar is damaged: .*Delete it and run"):
        found[IMAGES[0] + 1]
    with pytest.raises(UserError, match=r"train-00001\.tar is damaged: .*Delete it and run"):
        open_corpus([folder], ALONE)


def test_a_folder_without_shards_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none holds no train split"):
        open_corpus([tmp_path / "none"], ALONE)

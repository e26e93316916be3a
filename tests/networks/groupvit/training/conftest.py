from pathlib import Path

import pytest

from groupseg.networks.groupvit.training.corpus import StreamedCorpus, open_corpus
from groupseg.processes import Place
from tests.networks.groupvit.training.tiny import write_corpus


@pytest.fixture(scope="session")
def captions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("captions") / "corpus")


@pytest.fixture(scope="session")
def corpus(captions: Path) -> StreamedCorpus:
    return open_corpus([captions], Place(0, 1))

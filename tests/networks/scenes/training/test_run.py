"""A training from files to files: it is done once, and again where anything that it is made from has changed."""

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from groupseg.datasets.shards import read_captions
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.images import to_square
from groupseg.networks.scenes.training.recipe import Recipe
from groupseg.networks.scenes.training.run import read_corpus, train_model
from groupseg.networks.scenes.weights import load_model, read_training_key, save_model
from groupseg.text.features import load_features, save_features
from tests.networks.scenes.training.tiny import ARCHITECTURE, RECIPE
from tests.stages.small import save_captions

CORPUS, TEXTS, STATES = Path("data/captions/scenes20"), Path("data/text/captions.safetensors"), Path("states")
OUT = {"weights": Path("models/a.safetensors"), "history": Path("models/a.csv")}
QUICK = replace(RECIPE, steps=2)


@dataclass
class Training:
    """What a training is made from, beside the files in the current folder."""

    recipe: Recipe = QUICK
    architecture: Architecture = ARCHITECTURE
    code: str = "same"

    def run(self) -> bool:
        """Returns whether it had to be done."""
        return train_model(self.architecture, self.recipe, [CORPUS], TEXTS, self.code, STATES, OUT)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a training is done."""
    folder = tmp_path_factory.mktemp("done")
    with contextlib.chdir(folder):
        save_captions()
        assert Training().run()
    return folder


@pytest.fixture
def training(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    """That training, in a copy of its folder."""
    shutil.copytree(done, tmp_path / "copied")
    monkeypatch.chdir(tmp_path / "copied")
    return Training()


def test_a_training_that_is_done_is_kept(training: Training) -> None:
    written = [path.stat().st_mtime_ns for path in OUT.values()]
    assert not training.run()
    assert [path.stat().st_mtime_ns for path in OUT.values()] == written
    assert len(OUT["history"].read_text().splitlines()) == QUICK.steps + 1
    assert not any(STATES.glob("*"))  # no state of a training that is done


def set_recipe(training: Training) -> None:
    training.recipe = replace(QUICK, seed=1)


def set_architecture(training: Training) -> None:
    training.architecture = replace(ARCHITECTURE, tokens=3)


def set_code(training: Training) -> None:
    training.code = "other"


def set_images(training: Training) -> None:
    (CORPUS / "train-00001.tar").unlink()


def set_texts(training: Training) -> None:
    features, about = load_features(TEXTS)
    save_features(TEXTS, {name: -vectors for name, vectors in features.items()}, about)


@pytest.mark.parametrize("change", [set_recipe, set_architecture, set_code, set_images, set_texts])
def test_another_recipe_shape_code_image_or_text_trains_again(
    training: Training, change: Callable[[Training], None]
) -> None:
    key = read_training_key(OUT["weights"])
    change(training)
    assert training.run()
    assert read_training_key(OUT["weights"]) != key
    assert not training.run()


def lose_history() -> None:
    OUT["history"].unlink()


def lose_weights() -> None:
    OUT["weights"].unlink()


def cut_weights() -> None:
    OUT["weights"].write_bytes(OUT["weights"].read_bytes()[:-100])


def lose_key() -> None:
    save_model(load_model(OUT["weights"]), OUT["weights"])


@pytest.mark.parametrize("damage", [lose_history, lose_weights, cut_weights, lose_key])
def test_what_is_not_whole_is_made_again_the_same(training: Training, damage: Callable[[], None]) -> None:
    before = {path: path.read_bytes() for path in OUT.values()}
    damage()
    assert training.run()
    assert {path: path.read_bytes() for path in OUT.values()} == before


def test_the_key_stands_in_the_metadata_and_changes_no_weight(training: Training) -> None:
    content = OUT["weights"].read_bytes()
    length = int.from_bytes(content[:8], "little")
    about = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["architecture"])
    assert about["key"] == read_training_key(OUT["weights"])
    before = load_model(OUT["weights"]).state_dict()
    training.code = "other"
    assert training.run()
    after = load_model(OUT["weights"]).state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


@pytest.mark.usefixtures("training")
def test_the_corpus_holds_every_image_with_its_own_texts() -> None:
    corpus, told = read_corpus([CORPUS], TEXTS, 32), list(read_captions(CORPUS))
    captions = sorted({image.caption for image in told})
    nouns = sorted({noun for image in told for noun in image.nouns})
    assert corpus.images.shape == (len(told), 3, 32, 32)
    for row, image in enumerate(told):
        torch.testing.assert_close(corpus.images[row], to_square(np.array(image.image), 32))
        assert captions[corpus.caption[row]] == image.caption
        assert {nouns[column] for column in corpus.mentions[row].nonzero().ravel()} == set(image.nouns)
    assert corpus.captions.shape == (len(captions), 8)
    assert corpus.nouns.shape == (len(nouns), 8)

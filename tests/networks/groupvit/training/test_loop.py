from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from groupseg.errors import UserError
from groupseg.networks.groupvit.model import GroupViT
from groupseg.networks.groupvit.training import loop
from groupseg.networks.groupvit.training.corpus import StreamedCorpus
from groupseg.networks.groupvit.training.data import Examples, batches
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.networks.resume import load_state
from groupseg.processes import Place
from tests.networks.groupvit.training.tiny import ARCHITECTURE, RECIPE

ALONE = Place(0, 1)


def train(corpus: StreamedCorpus, state: Path, recipe: GroupViTRecipe = RECIPE) -> tuple[GroupViT, loop.History]:
    return loop.train_from_captions(ARCHITECTURE, recipe, corpus, state, ALONE, workers=0)


def test_a_broken_training_goes_on_to_the_same_end(
    corpus: StreamedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, history = train(corpus, tmp_path / "whole.pt")
    assert [entry["step"] for entry in history] == list(range(1, RECIPE.steps + 1))
    monkeypatch.setattr(loop, "_STATE_EVERY", 2)
    descend = loop._descend

    def break_down(*given: object) -> dict[str, float]:
        if given[-1] == 5:
            raise KeyboardInterrupt
        return descend(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "_descend", break_down)
    with pytest.raises(KeyboardInterrupt):
        train(corpus, tmp_path / "broken.pt")
    monkeypatch.setattr(loop, "_descend", descend)
    state = load_state(tmp_path / "broken.pt")
    assert state is not None
    assert len(state["history"]) == 4
    resumed, joined = train(corpus, tmp_path / "broken.pt")
    assert joined == history
    assert not resumed.training
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_training_lowers_the_loss(corpus: StreamedCorpus, tmp_path: Path) -> None:
    calm = replace(RECIPE, steps=16, drop_path=0.0, crop=1.0, augment=None, jitter=0.0, erase=0.0, prompts=0)
    _, history = train(corpus, tmp_path / "state.pt", calm)
    assert history[0].keys() == {"step", "loss", "caption"}
    assert sum(entry["loss"] for entry in history[-4:]) < 0.7 * sum(entry["loss"] for entry in history[:4])


def test_a_batch_that_cannot_be_shared_out_is_one_line(corpus: StreamedCorpus, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"batch must be a multiple of .* \(2 x 3\), but is 8\. Lower block"):
        loop.train_from_captions(ARCHITECTURE, RECIPE, corpus, tmp_path / "state.pt", Place(0, 3), workers=0)


def test_a_loss_that_is_no_number_ends_the_training(
    corpus: StreamedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groupseg.networks.groupvit.training.objective._scale", lambda log: log * float("nan"))
    with pytest.raises(UserError, match=r"The loss of step 1 is nan\. Lower the rates"):
        train(corpus, tmp_path / "state.pt")


def test_pairs_are_learned_by_heart(corpus: StreamedCorpus, tmp_path: Path) -> None:
    few = len(corpus)
    calm = replace(
        RECIPE, steps=80, batch=few, block=few, drop_path=0.0, crop=1.0, augment=None, jitter=0.0, erase=0.0, prompts=1
    )
    model, history = train(corpus, tmp_path / "state.pt", calm)
    first, last = history[0], history[-1]
    assert last["caption"] < 0.1 * first["caption"]
    assert last["multi_label"] < 0.5 * first["multi_label"]
    # Images turned around at random, as in training.
    batch = next(batches(Examples(corpus, ARCHITECTURE, calm), ALONE, 0, workers=0))
    with torch.inference_mode():
        images, texts = model(batch.images).image, F.normalize(model.encode_text(batch.captions), dim=1)
    assert (images @ texts.T).argmax(dim=1).tolist() == list(range(few))

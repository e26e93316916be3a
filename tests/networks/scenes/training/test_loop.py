from dataclasses import replace
from pathlib import Path

import pytest
import torch

from groupseg.errors import UserError
from groupseg.networks.resume import load_state, name_training, save_state
from groupseg.networks.scenes.training import loop
from groupseg.networks.scenes.training.corpus import LoadedCorpus
from tests.networks.scenes.tiny import tiny_model
from tests.networks.scenes.training.tiny import ARCHITECTURE, RECIPE, tiny_corpus


@pytest.fixture
def corpus() -> LoadedCorpus:
    return tiny_corpus()


def test_two_trainings_are_equal(corpus: LoadedCorpus, tmp_path: Path) -> None:
    first, history = loop.train_scene_model(ARCHITECTURE, RECIPE, corpus, tmp_path / "a.pt")
    second, again = loop.train_scene_model(ARCHITECTURE, RECIPE, corpus, tmp_path / "b.pt")
    assert history == again
    assert [entry["step"] for entry in history] == list(range(1, 9))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name


def test_a_broken_training_goes_on_to_the_same_end(
    corpus: LoadedCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, history = loop.train_scene_model(ARCHITECTURE, RECIPE, corpus, tmp_path / "whole.pt")
    monkeypatch.setattr(loop, "_STATE_EVERY", 3)
    step = loop.MuonAdamW.step

    def break_down(self: loop.MuonAdamW, loss: torch.Tensor, number: int) -> None:
        if number == 5:
            raise KeyboardInterrupt
        step(self, loss, number)

    monkeypatch.setattr(loop.MuonAdamW, "step", break_down)
    with pytest.raises(KeyboardInterrupt):
        loop.train_scene_model(ARCHITECTURE, RECIPE, corpus, tmp_path / "broken.pt")
    monkeypatch.setattr(loop.MuonAdamW, "step", step)
    state = load_state(tmp_path / "broken.pt")
    assert state is not None
    assert len(state["history"]) == 3
    resumed, joined = loop.train_scene_model(ARCHITECTURE, RECIPE, corpus, tmp_path / "broken.pt")
    assert joined == history
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_training_lowers_the_loss(corpus: LoadedCorpus, tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=40, batch=12)
    _, history = loop.train_scene_model(ARCHITECTURE, recipe, corpus, tmp_path / "state.pt")
    assert sum(entry["loss"] for entry in history[-5:]) < 0.8 * sum(entry["loss"] for entry in history[:5])


def losses(corpus: LoadedCorpus, **weights: float) -> dict[str, torch.Tensor]:
    """Those of the first step of a model that has background vectors."""
    model = tiny_model()
    model.background.data.copy_(torch.randn(model.background.shape, generator=torch.Generator().manual_seed(1)))
    return loop.SceneObjective(model, replace(RECIPE, **weights), corpus)(0)


@pytest.mark.parametrize(
    "added", [{"area_weight": 0.3}, {"separation_weight": 0.7}, {"area_weight": 0.3, "separation_weight": 0.7}]
)
def test_a_loss_without_weight_leaves_all_others_to_the_last_bit(corpus: LoadedCorpus, added: dict[str, float]) -> None:
    plain, constrained = losses(corpus), losses(corpus, background_weight=0.1)
    assert constrained.keys() - plain.keys() == {"background"}
    assert torch.equal(constrained["loss"], plain["loss"] + 0.1 * constrained["background"])
    more = losses(corpus, background_weight=0.1, **added)
    assert more.keys() - constrained.keys() == {name.removesuffix("_weight") for name in added}
    total = constrained["loss"]
    for name, weight in added.items():
        assert more[name.removesuffix("_weight")] > 0
        total = total + weight * more[name.removesuffix("_weight")]
    assert torch.equal(more["loss"], total)
    for name in constrained.keys() - {"loss"}:
        assert torch.equal(more[name], constrained[name]), name
        assert name == "background" or torch.equal(plain[name], constrained[name]), name


def test_a_training_that_diverges_stops_and_names_the_step(corpus: LoadedCorpus, tmp_path: Path) -> None:
    recipe = replace(RECIPE, steps=40, matrix_rate=1e30, vector_rate=1e30, warmup=1)
    with pytest.raises(UserError, match=r"The loss of step \d+ is nan. Lower the rates of the training"):
        loop.train_scene_model(ARCHITECTURE, recipe, corpus, tmp_path / "state.pt")


def test_mean_texts_stay_with_the_model(corpus: LoadedCorpus, tmp_path: Path) -> None:
    model, _ = loop.train_scene_model(ARCHITECTURE, RECIPE, corpus, tmp_path / "state.pt")
    torch.testing.assert_close(model.text_mean, corpus.nouns.mean(0))
    torch.testing.assert_close(model.caption_mean, corpus.captions.mean(0))


def test_fingerprint_tells_params_data_and_code_apart(tmp_path: Path) -> None:
    file = tmp_path / "data.tar"
    file.write_bytes(b"one")
    first = name_training({"steps": 1}, [file])
    assert first == name_training({"steps": 1}, [file])
    assert first != name_training({"steps": 2}, [file])
    file.write_bytes(b"two")
    assert first != name_training({"steps": 1}, [file])


def test_a_damaged_state_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    assert load_state(path) is None
    save_state(path, {"model": {"a": torch.ones(1000)}, "history": []})
    assert load_state(path) is not None
    path.write_bytes(path.read_bytes()[:500])
    assert load_state(path) is None
    path.write_bytes(b"nonsense")
    assert load_state(path) is None

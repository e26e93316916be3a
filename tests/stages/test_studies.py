"""The stages of the studies on tables made up at random: what is written, and what is refused."""

import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest

from groupseg.errors import UserError
from groupseg.text.features import save_features
from stages import learning, transfer, vocabulary
from stages.params import load_params
from tests.tables import random_case

DATASETS = ("scenes20", "scenes59")
STRATEGIES = ["fixed", "global", "cosine", "per_class"]
STUDIES = SimpleNamespace(
    learning=SimpleNamespace(sizes=[2, 3, 50], draws=2, seed=0),
    vocabulary=SimpleNamespace(sizes=[2, 50], absent=[2], draws=2, seed=0, strategies=["fixed", "cosine"]),
)


def save_split(dataset: str, split: str, seed: int, keys: str) -> None:
    table = random_case(seed, images=6, classes=4).table
    protocol = {"dataset": dataset, "split": split, "weights_sha256": "abc"}
    names = tuple(f"{keys}-{key}" for key in table.keys)
    table = replace(table, protocol=protocol, keys=names)
    table.save(f"data/segments/{dataset}/{split}/table.safetensors")


@pytest.fixture
def folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two data sets, and studies of a few small draws."""
    for seed, dataset in enumerate(DATASETS):
        for offset, split in enumerate(("calib", "test")):
            save_split(dataset, split, seed + 10 * offset, split)
        words = random_case(seed, classes=4).vocabulary
        lists = {f"list.{name}": entry.text for name, entry in words.lists.items()}
        about = {
            "classes": words.classes, "words": words.words, "encoder": "random", "templates": ["a {}."],
            "lists": {name: entry.words for name, entry in words.lists.items()},
        }  # fmt: skip
        features = {"classes": words.text, "ensemble": words.ensemble, **lists}
        save_features(f"data/text/{dataset}.safetensors", features, about)
    shipped = load_params()
    run = SimpleNamespace(datasets=list(DATASETS), strategies=STRATEGIES)
    params = SimpleNamespace(run=run, strategies=shipped.strategies, studies=STUDIES)
    for stage in (learning, transfer, vocabulary):
        monkeypatch.setattr(stage, "load_params", lambda: params)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    return project


def test_learning_is_written(folder: Path) -> None:
    learning.main("scenes20")
    found = pd.read_csv("results/learning/scenes20.csv")
    assert list(found.columns) == ["strategy", "images", "draw", "miou"]
    assert list(found.strategy.unique()) == STRATEGIES
    assert set(zip(found.images, found.draw, strict=True)) == {(2, 0), (2, 1), (3, 0), (3, 1), (6, 0)}
    assert found.miou.between(0, 1).all()


def test_transfer_is_written(folder: Path) -> None:
    transfer.main()
    found = pd.read_csv("results/transfer.csv")
    assert list(found.columns) == ["strategy", "from", "to", "miou"]
    assert list(found.strategy.unique()) == ["global", "cosine"]
    assert set(found["from"]) == {*DATASETS, "all"}
    assert set(found.to) == set(DATASETS)
    assert len(found) == 2 * 3 * 2


def test_vocabulary_is_written(folder: Path) -> None:
    vocabulary.main("scenes59")
    found = pd.read_csv("results/vocabulary/scenes59.csv")
    figures = ["threshold", "score", "miou", "miou_frozen", "miou_oracle"]
    assert list(found.columns) == ["kind", "strategy", "size", "draw", *figures]
    assert list(found.strategy.unique()) == ["fixed", "cosine"]
    assert set(found[found.kind == "subset"]["size"]) == {2, 4}
    assert set(found[found.kind == "absent"]["size"]) == {6, 10}
    assert found.notna().all(axis=None)


def test_the_studies_agree_where_they_meet(folder: Path) -> None:
    learning.main("scenes20")
    vocabulary.main("scenes20")
    transfer.main()
    learned = pd.read_csv("results/learning/scenes20.csv").query("strategy == 'cosine' and images == 6").miou.item()
    whole = pd.read_csv("results/vocabulary/scenes20.csv").query("strategy == 'cosine' and size == 4").miou.item()
    moved = pd.read_csv("results/transfer.csv").set_index(["strategy", "from", "to"]).miou
    assert learned == whole == moved["cosine", "scenes20", "scenes20"]


@pytest.mark.parametrize(("stage", "arguments"), [(learning, ["scenes20"]), (vocabulary, ["scenes20"]), (transfer, [])])
def test_an_image_in_both_splits_is_refused(folder: Path, stage: ModuleType, arguments: list[str]) -> None:
    save_split("scenes20", "test", 10, "calib")
    with pytest.raises(UserError, match="in the calib and in the test split"):
        stage.main(*arguments)
    assert not Path("results").exists()


@pytest.mark.parametrize(("stage", "arguments"), [(learning, ["scenes20"]), (vocabulary, ["scenes20"]), (transfer, [])])
def test_the_same_input_gives_the_same_bytes(folder: Path, stage: ModuleType, arguments: list[str]) -> None:
    stage.main(*arguments)
    first = {path: path.read_bytes() for path in Path("results").rglob("*.csv")}
    stage.main(*arguments)
    assert first == {path: path.read_bytes() for path in Path("results").rglob("*.csv")}

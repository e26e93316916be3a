"""What stages read, small and in the current folder: parameters, tables, texts, and notes of the stage `sources`."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from groupseg.datasets.shards import read_captions
from groupseg.io.files import write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.registry import STRATEGIES
from groupseg.text.features import save_features
from stages import paths
from stages.params import load_params
from stages.sources import KINDS, PARAMETERS, RECORDS
from tests.networks.groupvit.training.tiny import write_corpus
from tests.networks.scenes.tiny import TINY
from tests.tables import Case, unit


def set_params(changes: Mapping[str, Any]) -> None:
    """Changes params.yaml, each value by its dotted name."""
    params = read_yaml(Path("params.yaml"))
    for name, value in changes.items():
        *sections, key = name.split(".")
        section = params
        for part in sections:
            section = section[part]
        section[key] = value
    Path("params.yaml").write_text(json.dumps(params), encoding="utf-8")


def note_code(**changed: str) -> None:
    """Notes that the code of each stage and of each rule is "same", or what is given for one."""
    rules = {**dict.fromkeys(STRATEGIES, "same"), **changed}
    for stage in PARAMETERS:
        note = {"stage": stage, "code": changed.get(stage, "same"), **dict.fromkeys(RECORDS.get(stage, ()), rules)}
        note |= {"segments": changed.get("segment", "same")} if stage in ("variant", "unseen") else {}
        for dataset in load_params().run.datasets if KINDS.get(stage) == "datasets" else [None]:
            write_json(paths.note(stage, dataset), note)


def note_model(name: str) -> None:
    """Notes that a model needs no archive, and the code that makes it."""
    write_json(paths.source("models", name), {"name": name, "code": "same", "archives": []})


def save_table(case: Case, split: str, dataset: str = "scenes20", **changes: Any) -> SegmentTable:
    """Writes the table of a case as a split of a data set; its images are called after the split."""
    protocol = {
        "dataset": dataset, "split": split, "model": "scenes_small", "weights_sha256": "abc", "resolution": "96x96",
        "window": "whole",
    }  # fmt: skip
    keys = tuple(f"{split}-{key}" for key in case.table.keys)
    table = replace(case.table, **{"protocol": protocol, "keys": keys, **changes})
    table.save(paths.table(dataset, split))
    return table


def save_text(vocabulary: Vocabulary, dataset: str = "scenes20", /, **changes: Any) -> None:
    """Writes the texts of a data set; the first class has another word than its name."""
    about = {
        "classes": vocabulary.classes,
        "words": ["puppy", *vocabulary.classes[1:]],
        "encoder": "minilm",
        "templates": ["a photo of a {}."],
        "lists": {name: given.words for name, given in vocabulary.lists.items()},
        "ensemble": [f"{row} {{}}." for row in range(len(vocabulary.ensemble))],
    }
    features = {"classes": vocabulary.text, "ensemble": vocabulary.ensemble}
    features |= {f"list.{name}": given.text for name, given in vocabulary.lists.items()}
    save_features(paths.text(dataset), features, {**about, **changes})


def save_captions(corpus: str = "scenes20", width: int = TINY["text_dim"]) -> None:
    """Writes eleven captioned images of noise, and a random vector for each caption and noun."""
    write_corpus(paths.CAPTIONS / corpus)
    images = list(read_captions(paths.CAPTIONS / corpus))
    texts = {
        "captions": sorted({image.caption for image in images}),
        "nouns": sorted({noun for image in images for noun in image.nouns}),
    }
    random = np.random.default_rng(0)
    features = {name: unit(random.normal(size=(len(words), width))) for name, words in texts.items()}
    save_features(paths.CAPTION_TEXTS, features, texts)

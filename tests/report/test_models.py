from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groupseg.io.files import write_json
from groupseg.report.models import models_block
from groupseg.report.results import Results, read_results
from tests.results import build

SEEDS = ("scenes_small_seed1", "scenes_small_seed2")


def cells(block: str) -> dict[str, list[str]]:
    """The cells of each row, by model."""
    rows = [line[2:-2].split(" | ") for line in block.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows}


def write_variant(results: Results, name: str, miou: float) -> None:
    figures = {
        dataset.name: {
            "strategies": {strategy: {"miou": miou} for strategy in dataset.strategies},
            "oracle": {"label": {"miou": miou + 0.1}},
        }
        for dataset in results.datasets
    }
    write_json(results.root / f"results/scenes/variants/{name}.json", {"model": name, "datasets": figures})


@pytest.fixture
def beside(tmp_path: Path) -> Results:
    """Results with two models beside the one that runs, which differ from it by their seed."""
    results = read_results(build(tmp_path))
    models: dict[str, Any] = results.params["models"]
    plain = models["scenes_small"]
    others = {
        name: {**plain, "training": {**plain["training"], "seed": seed}} for seed, name in enumerate(SEEDS, start=1)
    }
    params = {**results.params, "models": {**models, **others}, "run": {**results.params["run"], "variants": [*SEEDS]}}
    return replace(results, params=params)


def test_the_model_that_runs_stands_alone_where_no_other_was_trained(beside: Results) -> None:
    found = cells(models_block(beside))
    assert list(found) == ["model", "`scenes_small`"]
    figures = beside.datasets[0].metrics
    best = figures["strategies"][beside.datasets[0].best]["miou"]
    parts = found["`scenes_small`"][0].split(" / ")
    assert parts[2] == f"{100 * best:.1f}"
    assert parts[3] == f"{100 * figures['oracle']['label']['miou']:.1f}"


def test_models_have_a_row_each_and_seeds_a_range(beside: Results) -> None:
    for name, miou in zip(SEEDS, (0.0, 0.9), strict=True):
        write_variant(beside, name, miou)
    found = cells(models_block(beside))
    names = [f"`{name}`" for name in ("scenes_small", *SEEDS)]
    assert list(found) == ["model", *names, "range of 3 seeds"]
    assert found["`scenes_small_seed2`"] == ["90.0 / 90.0 / 90.0 / 100.0"] * 2
    assert found["range of 3 seeds"][0].startswith("0.0\N{EN DASH}90.0 / ")


def test_a_model_of_another_kind_is_no_seed(beside: Results) -> None:
    name = "scenes_background_050"
    beside.params["run"]["variants"] = [name]
    write_variant(beside, name, 0.5)
    assert list(cells(models_block(beside))) == ["model", "`scenes_small`", f"`{name}`"]


def test_a_model_that_is_refined_otherwise_is_no_seed_nor_is_a_twin(beside: Results) -> None:
    models, run = beside.params["models"], beside.params["run"]
    models["twin"], run["variants"] = models["scenes_small"], [SEEDS[0], "twin"]
    for name, miou in zip(run["variants"], (0.0, 0.9), strict=True):
        write_variant(beside, name, miou)
    own, other = {"scenes_small": {"kind": "pamr"}}, {SEEDS[0]: {"kind": "none"}}
    for refine, rows in ((own, ["range of 2 seeds"]), ({**own, **other}, []), ({}, ["range of 2 seeds"])):
        beside.params["refine"] = refine
        assert list(cells(models_block(beside)))[4:] == rows

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groupseg.io.files import write_json
from groupseg.report.gains import Gain
from groupseg.report.models import kinds_block, models_block
from groupseg.report.results import Results, read_results
from tests.results import build

SEEDS = ("scenes_small_seed1", "scenes_small_seed2")


def cells(block: str) -> dict[str, list[str]]:
    """The cells of each row, by model."""
    rows = [line[2:-2].split(" | ") for line in block.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows}


def write_variant(results: Results, name: str, miou: float) -> None:
    """The figures of a model, all the same but for the oracle's, with intervals of a point to either side."""

    def score(value: float) -> dict[str, Any]:
        return {"miou": value, "miou_ci": [value - 0.01, value + 0.01]}

    figures = {
        dataset.name: {
            "strategies": {strategy: score(miou) for strategy in dataset.strategies},
            "oracle": {"label": score(miou + 0.1)},
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
    assert found["`scenes_small`"][:3] == ["\N{EN DASH}", "1", f"{100 * best:.1f}"]
    assert "seeds were not looked at" in models_block(beside)


def test_seeds_are_one_row_with_their_mean_and_ends(beside: Results) -> None:
    for name, miou in zip(SEEDS, (0.0, 0.9), strict=True):
        write_variant(beside, name, miou)
    found = cells(models_block(beside))
    best = 100 * beside.datasets[0].strategies[beside.datasets[0].best]["miou"]
    assert list(found) == ["model", "`scenes_small`"]
    assert found["`scenes_small`"][1:3] == ["3", f"{(best + 90) / 3:.1f} (0.0\N{EN DASH}90.0)"]


def test_a_model_of_another_kind_has_a_row_and_its_difference(beside: Results) -> None:
    name = "scenes_background_050"
    beside.params["run"]["variants"] = [name]
    write_variant(beside, name, 0.0)
    found = cells(models_block(beside))
    assert list(found) == ["model", "`scenes_small`", f"`{name}`"]
    dataset = beside.datasets[0]
    best = dataset.strategies[dataset.best]
    change = -best["miou"]
    # Errors over images add by squares: this one's are a point.
    below, above = (math.hypot(0.01, abs(end - best["miou"])) for end in reversed(best["miou_ci"]))
    assert found[f"`{name}`"][:2] == ["background_weight 0.5", "1"]
    assert found[f"`{name}`"][2] == f"0.0, **{Gain(change, change - below, change + above)}**"


def test_where_a_model_has_no_ladder_its_steps_are_not_told(beside: Results) -> None:
    name = "scenes_background_050"
    beside.params["run"]["variants"] = [name]
    write_variant(beside, name, 0.9)
    rows = [line.strip("| ").split(" | ") for line in kinds_block(beside).splitlines() if line.startswith("| ")]
    heading, own, other = rows[:3]
    assert heading[-4:] == ["background", "absent classes", "names", "masks"]
    rungs = {rung["name"]: rung["step"] for rung in beside.datasets[0].ladder["rungs"]}
    assert own[-1] == f"{100 * rungs['perfect']:.1f}"
    assert other[-4:] == ["\N{EN DASH}"] * 4
    assert len(rows) == 6


def test_a_model_that_is_refined_otherwise_is_no_seed_and_a_twin_counts_once(beside: Results) -> None:
    models, run = beside.params["models"], beside.params["run"]
    models["twin"], run["variants"] = models["scenes_small"], [SEEDS[0], "twin"]
    for name, miou in zip(run["variants"], (0.0, 0.9), strict=True):
        write_variant(beside, name, miou)
    own, other = {"scenes_small": {"kind": "pamr"}}, {SEEDS[0]: {"kind": "none"}}
    for refine, rows in ((own, []), ({**own, **other}, [f"`{SEEDS[0]}`"]), ({}, [])):
        beside.params["refine"] = refine
        assert list(cells(models_block(beside)))[2:] == rows

from dataclasses import replace
from pathlib import Path

import pytest

from groupseg.io.files import read_json
from groupseg.report.results import Results
from groupseg.report.summary import write_summary


def test_two_figures_of_each_data_set(reported: Results) -> None:
    found = read_json(reported.folder / "summary.json")
    assert list(found) == ["alpha", "beta"]
    for dataset in reported.datasets:
        best, start, end = dataset.strategies[dataset.best], dataset.strategies[dataset.baseline], dataset.oracle
        share = (best["miou"] - start["miou"]) / (end["miou"] - start["miou"])
        assert found[dataset.name] == pytest.approx({"best": best["miou"], "closed": share}, abs=1e-4)


def test_where_there_is_no_gap_none_is_closed(results: Results, tmp_path: Path) -> None:
    dataset = results.datasets[0]
    metrics = dataset.metrics | {"oracle": {"label": dataset.strategies[dataset.baseline]}}
    write_summary(replace(results, root=tmp_path, datasets=(replace(dataset, metrics=metrics),)))
    assert set(read_json(tmp_path / "results/scenes/summary.json")["alpha"]) == {"best"}

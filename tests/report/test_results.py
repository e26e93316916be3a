from pathlib import Path

import pytest

from groupseg.errors import UserError
from groupseg.report.results import ARTWORK, TABLES, read_results
from groupseg.report.roles import LABEL_ORACLE
from tests.results import BEST, CLASSES, DATASETS, STRATEGIES, build


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return build(tmp_path)


def test_reads_what_runs_in_the_order_of_the_parameters(project: Path) -> None:
    results = read_results(project)
    assert [dataset.name for dataset in results.datasets] == list(DATASETS)
    for dataset in results.datasets:
        assert tuple(dataset.strategies) == STRATEGIES
        best = max(figures["miou"] for figures in dataset.strategies.values())
        assert dataset.strategies[dataset.winner]["miou"] == best
        assert dataset.best == BEST
        assert sorted(dataset.ranking) == sorted(STRATEGIES)
        assert dataset.ranking[0] == dataset.winner
        assert dataset.tables.keys() == TABLES.keys()
        assert len(dataset.ladder["rungs"]) == 9
    assert set(results.transfer["to"]) == set(DATASETS)


def test_only_drawn_scenes_credit_their_artwork(project: Path) -> None:
    assert [dataset.credit for dataset in read_results(project).datasets] == [ARTWORK, ""]


def test_a_class_may_be_called_null_and_only_the_empty_cell_is_missing(project: Path) -> None:
    per_class = read_results(project).datasets[0].tables["per_class"]
    assert per_class["class"].tolist() == ["background", *CLASSES]
    assert per_class.loc[per_class[LABEL_ORACLE].isna(), "class"].tolist() == ["hot air balloon"]


def test_files_of_data_sets_that_do_not_run_are_no_results(project: Path) -> None:
    before = read_results(project).files
    (project / "results/scenes/metrics/old.json").write_text("{}", encoding="utf-8")
    (project / "results/scenes/calibration/alpha/old.json").write_text("{}", encoding="utf-8")
    assert read_results(project).files == before
    assert len(before) == 1 + 2 * (2 + len(TABLES) + len(STRATEGIES))
    assert all(path.exists() for path in before)


_FILES = [
    "params.yaml",
    "results/scenes/ladder/beta.json",
    "results/scenes/metrics/beta.json",
    *(f"results/scenes/{kind}/beta.csv" for kind in TABLES),
]


@pytest.mark.parametrize("name", _FILES)
def test_names_the_missing_file(project: Path, name: str) -> None:
    (project / name).unlink()
    with pytest.raises(UserError, match=name) as error:
        read_results(project)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", _FILES)
def test_names_the_damaged_file(project: Path, name: str) -> None:
    (project / name).write_text("{[", encoding="utf-8")
    with pytest.raises(UserError, match=name) as error:
        read_results(project)
    assert "\n" not in str(error.value)


def test_the_best_strategy_must_be_one_that_runs(project: Path) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text("utf-8").replace(f'"best": "{BEST}"', '"best": "other"'), encoding="utf-8")
    with pytest.raises(UserError, match=r"evaluate\.best .*'other'"):
        read_results(project)


def test_parameters_that_do_not_fit_are_the_users(project: Path) -> None:
    (project / "params.yaml").write_text("run: {datasets: [alpha]}", encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml"):
        read_results(project)

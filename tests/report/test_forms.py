"""Files of results that somebody has changed by hand: refused by name, or shown without a traceback."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from groupseg.defaults import completed
from groupseg.errors import UserError
from groupseg.io.yaml_file import read_yaml
from groupseg.report import page
from groupseg.report.forms import (
    Calibration,
    Form,
    KeptCalibration,
    Ladder,
    Metrics,
    Params,
    UsableCalibration,
    Variant,
    check_form,
    read_result,
)
from groupseg.report.records import describe
from groupseg.report.results import TABLES, DatasetResults, Results, read_results
from groupseg.report.tables import markdown, plain, strategies
from groupseg.strategies.registry import load
from tests.results import STRATEGIES, build
from tests.stages.test_params import KINDS, places

RESULTS = Path(__file__).parents[2] / "results"


@pytest.mark.parametrize(
    ("form", "pattern"),
    [
        (Metrics, "*/metrics/*.json"), (Ladder, "*/ladder/*.json"), (Variant, "*/variants/*.json"),
        (KeptCalibration, "*/calibration/*/*.json"), (UsableCalibration, "*/calibration/*/*.json"),
    ],
)  # fmt: skip
def test_what_the_pipeline_writes_is_of_its_form(form: type[Form], pattern: str) -> None:
    found = sorted(RESULTS.glob(pattern))
    assert found
    for path in found:
        record = read_result(path, form)
        if form is KeptCalibration:
            load(record)
    check_form(completed(read_yaml(RESULTS.parent / "params.yaml")), Params, Path("params.yaml"), "")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return read_results(build(tmp_path_factory.mktemp("results")))


def with_dataset(results: Results, **changes: Any) -> Results:
    first, *others = results.datasets
    return replace(results, datasets=(replace(first, **changes), *others))


FORMS: dict[str, tuple[type[Form], Callable[[DatasetResults], Any], Callable[[Any], dict[str, Any]]]] = {
    "metrics": (Metrics, lambda one: one.metrics, lambda data: {"metrics": data}),
    "ladder": (Ladder, lambda one: one.ladder, lambda data: {"ladder": data}),
}


def changed(data: Any, kind: int) -> Iterator[Any]:
    """Puts a value of another kind in each place; those that are deep share the kinds out."""
    for number, place in enumerate(places(data, 4)):
        if len(place) > 1 and number % len(KINDS) != kind:
            continue
        copy = json.loads(json.dumps(data))
        section = copy
        for key in place[:-1]:
            section = section[key]
        section[place[-1]] = KINDS[kind]
        yield copy


def refusal(check: Callable[..., object], *arguments: Any) -> str:
    """Returns the error that a check raises; empty where it raises none."""
    try:
        check(*arguments)
    except UserError as error:
        return str(error)
    return ""


def show(results: Results) -> None:
    """Does all with results that needs no figure."""
    describe(results)
    plain(results)
    markdown(results, strategies(results))
    page._context(results, Path("none"))


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("name", FORMS)
def test_a_value_of_another_kind_is_named_or_shown(
    results: Results, name: str, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_inlined", lambda path: "")
    form, get, change = FORMS[name]
    for data in changed(get(results.datasets[0]), kind):
        if said := refusal(check_form, data, form, Path(f"{name}/alpha.json"), "Mend it."):
            assert said.startswith(f"{name}/alpha.json: ")
            assert len(said.splitlines()) == 1
            assert len(said) < 300
        elif name == "ladder" or data["strategies"].keys() >= set(STRATEGIES) | {data["baseline"]}:  # else refused
            show(with_dataset(results, **change(data)))


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_a_calibration_of_another_kind_is_named_or_used(
    results: Results, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_inlined", lambda path: "")
    dataset = results.datasets[0]
    for number, data in enumerate(changed({**dataset.calibration["relative"], "curve": None}, kind)):
        said = refusal(check_form, data, Calibration, Path("relative.json"), "Mend it.") or refusal(load, data)
        assert len(said.splitlines()) == bool(said)
        if not said and number % 3 == kind % 3:  # the places share the kinds out, since it takes long
            show(with_dataset(results, calibration={**dataset.calibration, "relative": data}))


@pytest.mark.parametrize("kind", TABLES)
def test_words_in_the_place_of_numbers_are_named(tmp_path: Path, kind: str) -> None:
    root = build(tmp_path)
    path = root / f"results/scenes/{kind}/beta.csv"
    heading, first, *rest = path.read_text("utf-8").splitlines()
    cells = first.split(",")
    names = heading.split(",")
    row = next(map(names.index, {"miou", "pixels", "iou", "difference", "pixel_share"} & set(names)))
    cells[row] = "many"
    path.write_text("\n".join([heading, ",".join(cells), *rest]), encoding="utf-8")
    with pytest.raises(UserError, match=rf"{kind}/beta\.csv: column {names[row]} must hold numbers"):
        read_results(root)


@pytest.mark.parametrize(
    "data", [None, 1, [], {}, {"run": None}, {"run": {"datasets": 1}}, {"run": {"datasets": [["a"]]}}]
)
def test_parameters_of_another_form_are_named(tmp_path: Path, data: Any) -> None:
    root = build(tmp_path)
    (root / "params.yaml").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml: .*Mend it") as error:
        read_results(root)
    assert "\n" not in str(error.value)

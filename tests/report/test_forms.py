"""What the files of results must hold; tests/test_any_record.py changes each in all places."""

import json
from pathlib import Path
from typing import Any

import pytest

from groupseg.defaults import completed
from groupseg.errors import UserError
from groupseg.io.yaml_file import read_yaml
from groupseg.report.calibration_forms import Definition, KeptCalibration, UsableCalibration
from groupseg.report.forms import Form, Ladder, Metrics, Variant, check_form, kept_result, read_result
from groupseg.report.params_form import ParamsForm
from groupseg.report.results import TABLES, read_results
from groupseg.strategies.registry import load
from tests.results import build

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
    check_form(completed(read_yaml(RESULTS.parent / "params.yaml")), ParamsForm, Path("params.yaml"), "")


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


@pytest.mark.parametrize("content", [None, b"", b'{"key": ', b"[1]", b'{"key": 3}', b'{"key": {"data": 3}}', b"\xff"])
def test_what_is_no_whole_record_is_none(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "record.json"
    if content is not None:
        path.write_bytes(content)
    assert kept_result(path, Definition) == {}
    path.write_text('{"rule": "fixed", "params": {}, "key": {"data": "a"}}')
    assert kept_result(path, Definition)["key"] == {"data": "a"}


@pytest.mark.parametrize(
    "data", [None, 1, [], {}, {"run": None}, {"run": {"datasets": 1}}, {"run": {"datasets": [["a"]]}}]
)
def test_parameters_of_another_form_are_named(tmp_path: Path, data: Any) -> None:
    root = build(tmp_path)
    (root / "params.yaml").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml: .*Mend it") as error:
        read_results(root)
    assert "\n" not in str(error.value)

"""Why a calibration would be made again, in a copy of the code with files of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groupseg.code import Code
from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.records import digest, files_digest
from groupseg.strategies.registry import build
from groupseg.why import why
from stages.sources import RECORDS, of_rules
from tests.commands import call, git

CHECKOUT = Path(__file__).parents[1]
RECORD = Path("results/scenes/calibration/scenes20/fixed.json")
TABLE, TEXT = Path("data/segments/scenes20/calib/table.safetensors"), Path("data/text/scenes20.safetensors")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the record of a calibration that is right."""
    root = tmp_path_factory.mktemp("why")
    shutil.copytree(CHECKOUT / "groupseg", root / "groupseg", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "params.yaml", root)
    (root / ".gitignore").write_text("/data\n")
    for path in (TABLE, TEXT):
        (root / path).parent.mkdir(parents=True)
        (root / path).write_bytes(path.name.encode())
    definition = build(read_yaml(root / "params.yaml")["strategies"]["fixed"]).definition()
    # As the stages do it.
    code = of_rules(Code(root, ("groupseg",)), RECORDS["calibrate"]["calibration"])["fixed"]
    key = {
        "data": files_digest(root / TABLE), "text": files_digest(root / TEXT), "params": digest(definition),
        "code": code,
    }  # fmt: skip
    write_json(root / RECORD, {"dataset": "scenes20", "key": key, **definition})
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "some")
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """A copy, for a test to change."""
    return Path(shutil.copytree(built, tmp_path / "copy"))


def test_a_record_that_is_right_is_up_to_date(built: Path) -> None:
    assert why(built, "scenes20", "fixed") == f"{RECORD} is up to date."


def test_a_record_that_is_not_there(built: Path) -> None:
    assert "`dvc repro calibrate@scenes20` makes it" in why(built, "scenes20", "global")


def append(root: Path, path: str | Path, text: str) -> None:
    with (root / path).open("a") as file:
        file.write(text)


def edit_params(root: Path) -> None:
    params = root / "params.yaml"
    params.write_text(params.read_text().replace("threshold: 0.9,", "threshold: 0.4,", 1))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (edit_params, ["parameters: threshold 0.9 -> 0.4"]),
        (lambda root: append(root, TABLE, "x"), [f"data: {TABLE} is another"]),
        (lambda root: (root / TABLE).unlink(), [f"data: {TABLE} is not here"]),
        (lambda root: append(root, TEXT, "x"), [f"text: {TEXT} is another"]),
        (
            lambda root: append(root, "groupseg/strategies/fixed.py", "\nCHANGED = 1\n"),
            ["code: groupseg/strategies/fixed.py"],
        ),
        (lambda root: append(root, "groupseg/strategies/fixed.py", "\n# A remark.\n"), []),
        (lambda root: append(root, "groupseg/strategies/threshold.py", "\nCHANGED = 1\n"), []),
    ],
)
def test_what_has_changed_is_named_and_nothing_else(root: Path, change: Callable[[Path], Any], told: list[str]) -> None:
    change(root)
    first, *lines = why(root, "scenes20", "fixed").splitlines()
    assert ("up to date" in first) == (not told)
    assert [line.strip()[: len(part)] for line, part in zip(lines, told, strict=True)] == told


def test_a_record_without_a_key_or_a_commit_is_told_too(root: Path) -> None:
    shutil.rmtree(root / ".git")
    record = read_json(root / RECORD)
    del record["key"]
    write_json(root / RECORD, record)
    assert [line.split(":")[0].strip() for line in why(root, "scenes20", "fixed").splitlines()[1:]] == [
        "parameters", "data", "text", "code",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("scenes21", "fixed"), "'scenes21' is not defined under `datasets`"),
        (("scenes20", "fixd"), "'fixd' is not defined under `strategies`"),
    ],
)
def test_a_name_that_there_is_not_is_an_error(built: Path, names: tuple[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        why(built, *names)


def test_the_command_prints_it(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built)
    assert call("why", "scenes20", "fixed") == 0
    assert capsys.readouterr().out == f"{RECORD} is up to date.\n"


@pytest.mark.parametrize(
    "content", ["[]", "1", '{"rule": 1}', '{"rule": "fixed", "params": {"score": []}}', "[" * 9999]
)
def test_a_record_of_another_form_is_one_line(root: Path, content: str) -> None:
    (root / RECORD).write_text(content)
    with pytest.raises(UserError, match=r"fixed\.json.*Delete it and run `dvc repro` again") as error:
        why(root, "scenes20", "fixed")
    assert "\n" not in str(error.value)

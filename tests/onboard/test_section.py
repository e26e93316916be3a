"""What comes into params.yaml, and that all else stays byte for byte."""

import difflib
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from groupseg.errors import UserError
from groupseg.io.yaml_file import read_yaml
from groupseg.onboard.output import next_steps
from groupseg.onboard.section import add_dataset, data_set_name, place
from stages.params import load_params

SHIPPED = Path(__file__).parents[2] / "params.yaml"
SECTION: dict[str, Any] = {
    "source": {"format": "folder", "path": "my photos: [1]", "crossfit": 5},
    "prompts": {"templates": ["a photo of a {}."], "names": {"no": "yes", "fire_engine": "fire engine"}},
    "baseline": "fixed",
}
AWKWARD = """\
# top
run:
    name: n
    model: m
    datasets:   # what runs
    - a  # the first
    - b
    # what follows is another list
    strategies: [fixed]
    folder: 'data/raw'  # where
datasets:
    a:
        source: {format: voc}

    # the last
    b: {source: {format: voc}}  # of them

# another section
other: 1
"""


@pytest.fixture
def params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped file, in a working folder without results."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(SHIPPED, tmp_path))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A file that is read faster."""
    params = tmp_path / "params.yaml"
    params.write_text(AWKWARD)
    return params


def load(params: Path) -> Any:
    return YAML(typ="safe", pure=True).load(params.read_text())


def changed(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_only_the_new_section_is_added(params: Path) -> None:
    before = params.read_text()
    assert add_dataset(params, "mine", SECTION, {})
    assert changed(before, params.read_text()) == [
        "+  mine:",
        "+    source: {format: folder, path: 'my photos: [1]', crossfit: 5}",
        "+    prompts: {templates: ['a photo of a {}.'], names: {no: yes, fire_engine: fire engine}}",
        "+    baseline: fixed",
    ]
    loaded = load_params(params).datasets["mine"]
    assert loaded.source.path == "my photos: [1]"
    assert loaded.prompts.names == SECTION["prompts"]["names"]


def test_written_again_nothing_changes(small: Path) -> None:
    assert add_dataset(small, "mine", SECTION, {"datasets": ["mine"], "folder": "x"})
    before = small.read_bytes()
    assert not add_dataset(small, "mine", SECTION, {"datasets": ["mine"], "folder": "x"})
    assert small.read_bytes() == before


def test_what_runs_is_changed_where_asked_and_comments_stay(params: Path) -> None:
    before = params.read_text()
    add_dataset(params, "mine", SECTION, {"datasets": ["mine"], "folder": "/data/my photos #1"})
    lines = changed(before, params.read_text())
    assert "+  - mine" in lines
    assert "+  folder: '/data/my photos #1'  # where data sets that are no scenes lie" in lines
    run = load_params(params).run
    assert (run.datasets, run.folder) == (["mine"], "/data/my photos #1")


def test_comments_and_other_ways_of_writing_stay(small: Path) -> None:
    add_dataset(small, "mine", {"source": {"x": 1}}, {"datasets": ["mine", "a"], "folder": "d"})
    assert changed(AWKWARD, small.read_text()) == [
        "-    - a  # the first",
        "-    - b",
        "+    - mine",
        "+    - a",
        "-    folder: 'data/raw'  # where",
        "+    folder: d  # where",
        "+    mine:",
        "+      source: {x: 1}",
    ]
    assert load(small)["other"] == 1


def test_a_file_without_an_end_of_line_is_no_trouble(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("run: {datasets: [a], folder: b}\ndatasets:\n  a: {x: 1}")
    add_dataset(params, "mine", {"y": 2}, {"datasets": ["mine"]})
    assert params.read_text() == "run: {datasets: [mine], folder: b}\ndatasets:\n  a: {x: 1}\n  mine:\n    y: 2"


@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
@example(text="?0")
@example(text="2021")
@example(text="null")
@example(text="%20")
@example(text="a\\b")
def test_any_path_and_any_name_of_a_class_come_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    params = tmp_path_factory.mktemp("any") / "params.yaml"
    params.write_text(AWKWARD, "utf-8")
    section = {"source": {"format": "folder", "path": text}, "prompts": {"names": {text: text}}}
    assert add_dataset(params, "mine", section, {"folder": text})
    found = read_yaml(params)
    assert found["datasets"]["mine"] == section
    assert found["run"]["folder"] == text


def test_another_data_set_of_that_name_is_not_overwritten(small: Path) -> None:
    with pytest.raises(UserError, match=r"datasets\.b is there already, and says something else\. Give another name"):
        add_dataset(small, "b", SECTION, {"datasets": ["b"]})
    assert small.read_text() == AWKWARD


def test_a_file_that_can_only_be_changed_by_hand_is_left_alone(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("run: {datasets: [a], folder: b}\ndatasets: {a: {x: 1}}\n")
    with pytest.raises(UserError, match=r"changed by hand alone\. Put under `datasets`: mine: \{y: 2\}"):
        add_dataset(params, "mine", {"y": 2}, {})
    assert params.read_text() == "run: {datasets: [a], folder: b}\ndatasets: {a: {x: 1}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"params\.yaml is missing\. Run this in the folder of the project"),
        ("run: [", "line 1: .*Mend the YAML there"),
        ("run: 1\n", "must hold sections `run` and `datasets`"),
        ("- a\n", "must hold sections `run` and `datasets`"),
        (b"a: \xff\n", r"is not UTF-8 \(byte 3\)"),
    ],
)
def test_a_file_that_is_none_is_one_clear_line(tmp_path: Path, text: str | bytes | None, message: str) -> None:
    params = tmp_path / "params.yaml"
    if text is not None:
        params.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UserError, match=message) as caught:
        add_dataset(params, "mine", SECTION, {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("birds", "birds"),
        ("My Photos (2024)", "my_photos_2024"),
        ("Vögel & Co.zip", "vogel_co"),
        ("archive.tar.gz", "archive"),
        ("x-1", "x-1"),
    ],
)
def test_a_folder_gives_its_name(tmp_path: Path, folder: str, expected: str) -> None:
    assert data_set_name(tmp_path / folder) == expected
    assert data_set_name(tmp_path / folder, "Mine-2") == "Mine-2"


def test_a_folder_without_letters_gives_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no name can be made of it\. Give one with --name"):
        data_set_name(tmp_path / "鳥")
    with pytest.raises(UserError, match="--name: must be letters, digits, _ and -, and not begin with -, but is 'a b'"):
        data_set_name(tmp_path, "a b")


def test_where_it_lies_is_said_as_params_say_it(small: Path) -> None:
    project = small.parent
    assert place(small, project / "data/raw/birds") == ("birds", None)
    assert place(small, project / "data/raw") == (".", None)
    assert place(small, project / "elsewhere/birds") == (".", "elsewhere/birds")
    assert place(small, project.parent / "birds") == (".", (project.parent / "birds").resolve().as_posix())


@pytest.mark.parametrize("folder", ["/data/birds", "/data/my photos (1)", "/data/it's, [here] = {there}"])
def test_the_command_that_is_named_does_what_it_says(small: Path, folder: str) -> None:
    command, check = next_steps("mine", folder, False, {}).splitlines()
    words = shlex.split(command)
    assert words[:3] == ["dvc", "exp", "run"]
    assert words[3::2] == ["-S"] * 3
    apply_overrides(str(small), words[4::2])
    run = load(small)["run"]
    assert (run["name"], run["datasets"], run["folder"]) == ("mine", ["mine"], folder)
    assert check.strip() == "groupseg data check mine"


WORDS = [
    "2021", "007", "1e3", "1_000", "0x1f", "0o17", "0b1", "1.5", "null", "Null", "true", "FALSE", "yes", "no", "on",
    "off", "2021-05-17", "2021-13-45", "nan", "inf", "y", "n", "--x", "-1", "?0", "a: b", "#1", "50%", "my photos (2)",
    "1:30", "[x]", "{x}", "*x", "&x", "!x", "'x", '"x', "x,y", "x=y", "$x", "été", "=1", "<<1", "x y",
    "x\\y", "x\\", "x\\\\", "x\\'y", "x''",
]  # fmt: skip


@pytest.mark.parametrize("folder", WORDS)
def test_a_folder_of_any_name_is_text_to_every_reader(small: Path, tmp_path: Path, folder: str) -> None:
    name = data_set_name(tmp_path / folder)
    section = {"source": {"format": "folder", "path": folder}}
    add_dataset(small, name, section, {"name": name, "datasets": [name], "folder": folder})
    data = load(small)
    assert data["datasets"][name] == section
    assert data["run"] == {"name": name, "model": "m", "datasets": [name], "strategies": ["fixed"], "folder": folder}
    older = YAML(typ="safe", pure=True)
    older.version = (1, 1)
    assert older.load(small.read_text("utf-8"))["run"]["datasets"] == [name]
    if folder.startswith("?"):
        return  # DVC writes such a path between brackets without quotes, and cannot read what it wrote
    # The command that is named.
    small.write_text(AWKWARD)
    add_dataset(small, name, section, {})
    apply_overrides(str(small), overrides(next_steps(name, folder, False, {}).splitlines()[0]))
    run = load(small)["run"]
    assert (run["name"], run["datasets"], run["folder"]) == (name, [name], folder)


def overrides(line: str) -> list[str]:
    """What a line passes to `dvc exp run -S`."""
    words = shlex.split(line[line.index("dvc exp run") :])
    assert words[3::2] == ["-S"] * len(words[4::2])
    return words[4::2]


@pytest.mark.parametrize("runs", [True, False])
def test_the_commands_for_a_quick_look_and_for_published_weights_are_sound(params: Path, runs: bool) -> None:
    add_dataset(params, "mine", SECTION, {"datasets": ["mine"]} if runs else {})
    shipped = params.read_text("utf-8")
    lines = next_steps("mine", "/data/my photos (1)", runs, read_yaml(params)).splitlines()
    assert lines[2].startswith("That is a quick look, by 6 strategies. ")
    assert lines[-1].startswith("Mind: the model scenes_small has seen drawings only")
    apply_overrides(str(params), overrides(lines[0]))
    run = load_params(params).run
    assert run.strategies == ["fixed", "global", "per_class", "relative", "presence", "context"]
    assert run.datasets == ["mine"]
    params.write_text(shipped, "utf-8")
    apply_overrides(str(params), overrides(lines[-1]))
    run = load_params(params).run
    assert (run.model, run.corpora) == ("groupvit_gcc_yfcc", [])
    assert (run.name, run.datasets, run.folder) == ("mine_groupvit", ["mine"], "/data/my photos (1)")

"""Reading YAML: as DVC does, and one line for what is none."""

import io
import json
import os
from pathlib import Path

import pytest
from dvc.utils.serialize import YAMLFileCorruptedError
from dvc.utils.serialize import parse_yaml as parse_as_dvc
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from groupseg.errors import UserError
from groupseg.io.yaml_file import parse_yaml, read_yaml

SHIPPED = Path(__file__).parents[2] / "params.yaml"

# What a person may write: words, numbers, lists and sections.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**43), 2**43) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), below),
    max_leaves=10,
)  # fmt: skip


@settings(deadline=None)
@given(VALUES)
@example(["?0"])
@example("?0")
def test_what_was_written_is_read(value: object) -> None:
    # Sections in lines of their own: between brackets ruamel writes `?0` without quotes and reads it as a key.
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    file = io.StringIO()
    yaml.dump({"a": value}, file)
    assert parse_yaml(file.getvalue(), "a.yaml") == {"a": value}
    assert parse_yaml(json.dumps({"a": value}), "a.yaml") == {"a": value}


@pytest.mark.parametrize("text", ["a: [?0]", "a: {b: ?0}", "{a: ?0}", "a: ?0", "a: [:0, -0, a?b]", "a: ['?0']"])
def test_question_marks_are_read_as_dvc_reads_them(text: str) -> None:
    try:
        expected = parse_as_dvc(text, "a.yaml")
    except YAMLFileCorruptedError:
        with pytest.raises(UserError, match="Mend the YAML there"):
            parse_yaml(text, "a.yaml")
    else:
        assert parse_yaml(text, "a.yaml") == expected


def test_the_shipped_file_is_read_as_dvc_reads_it() -> None:
    assert read_yaml(SHIPPED) == parse_as_dvc(SHIPPED.read_text("utf-8"), str(SHIPPED))


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{index}: &a{index} [{', '.join([f'*a{index - 1}'] * 8)}]\n" for index in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: \0\n", "a.yaml: line 2 holds a character that is no text"),
        ("a: &a\n  self: *a\n", "a.yaml: a.self: refers to itself"),
        ("a: &a [1, [2, *a]]\n", "a.yaml: a.1.1: refers to itself"),
        ("a: " + "[" * 3000 + "]" * 3000, "a.yaml is nested more than 50 levels deep"),
        ("a: " + "[" * 60 + "]" * 60, "a.yaml is nested more than 50 levels deep"),
        (BOMB, "a.yaml holds more than 500,000 values, by aliases that multiply"),
        ("a: {b: [1, .nan]}", "a.yaml: a.b.1: must be a finite number; got nan"),
        ("a: -.inf", "a.yaml: a: must be a finite number; got -inf"),
        ("a: [1, 8796093022209]", "a.yaml: a.1: must lie within 8,796,093,022,208 of 0"),
        ("a: -" + "9" * 30, "a.yaml: a: must lie within"),
        ("a: 1e999", "a.yaml: a: must be a finite number; got inf"),
        ("a: 2021-02-31", "a.yaml holds no number or date: day is out of range for month"),
        ("a: " + "9" * 5000, "a.yaml holds no number or date: Exceeds the limit"),
        ('a: "\\ud83d"', "a.yaml: a: holds half a character"),
        ('a: "x\\0y"', r"a.yaml: a: holds a zero byte: 'x\\x00y'\. Take it out"),
        ("? [a, b]\n: c\n", r"a.yaml: has a key that is a list: \['a', 'b'\]"),
        ("a: !!python/object/apply:os.getcwd []", "a.yaml: line 1: could not determine a constructor"),
        ("a: 1\n---\nb: 1\n", "a.yaml: line 2: but found another document"),
        ("a: {", "a.yaml: line 1: .*Mend the YAML there"),
        ("a: 1\na: 2\n", "a.yaml: line 2: found duplicate key"),
        ("a: *b", "a.yaml: line 1: found undefined alias"),
    ],
)
def test_what_means_nothing_is_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse_yaml(text, "a.yaml")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a: 1\nb: \0\n", "a: 1\nb: \n"),
        ("a: &a\n  self: *a\n", "a:\n  self: {}\n"),
        ("a: " + "[" * 60 + "]" * 60, "a: []"),
        ("a: 2021-02-31", "a: '2021-02-31'"),
        ("a: " + "9" * 5000, "a: '" + "9" * 5000 + "'"),
        ("a: " + "9" * 40, "a: '" + "9" * 40 + "'"),
        ('a: "\\ud83d"', 'a: "\\U0001f600"'),
        ("? [a, b]\n: c\n", "ab: c\n"),
    ],
)
def test_mended_as_it_says_it_is_read(text: str, mended: str) -> None:
    with pytest.raises(UserError):
        parse_yaml(text, "a.yaml")
    assert isinstance(parse_yaml(mended, "a.yaml"), dict)


def test_one_value_under_many_aliases_is_no_fault() -> None:
    assert parse_yaml("a: &a {b: 1}\nc: [*a, *a]\n", "a.yaml")["c"] == [{"b": 1}, {"b": 1}]


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("link")
    (tmp_path / "bytes").write_bytes(b"a: \xff")
    for name, message in {
        "pipe": "pipe is a pipe, no file",
        "/dev/zero": "zero is a device, no file",
        ".": "is a folder, no file",
        "link": "link cannot be read: Too many levels of symbolic links",
        "nowhere": r"nowhere is missing\. Run this in the folder of the project",
        "bytes": r"bytes is not UTF-8 \(byte 3\)",
    }.items():
        with pytest.raises(UserError, match=message):
            read_yaml(tmp_path / name)

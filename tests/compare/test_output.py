import json
from dataclasses import replace

import pytest

from groupseg.commands.results import OutputFormat
from groupseg.compare.differences import Comparison, DatasetComparison, Row
from groupseg.compare.output import FORMATS, as_json, as_markdown, as_text
from groupseg.compare.revisions import CountsOrigin

COMPARISON = Comparison(
    CountsOrigin("main", "0123456789" * 4),
    CountsOrigin("workspace", None),
    2000,
    0.05,
    "max-T",
    (
        DatasetComparison(
            "scenes20",
            400,
            None,
            (
                Row("fixed", 0.3, 0.325, 0.025, 0.01, 0.04, 1 / 2001, True),
                Row("per_class", 0.4, 0.41, 0.01, -0.00001, 0.02, 0.7, False),
            ),
            ("global", "relative", "oracle.label"),
            ("gone",),
            ("new", "newer"),
        ),
        DatasetComparison("scenes59", 0, "the images differ: 1 (i) only in A, 0 only in B", (), (), (), ()),
        DatasetComparison("scenes80", 400, None, (), (), (), ()),
        DatasetComparison("voc", 50, None, (), ("fixed",), (), ()),
    ),
    ("coco",),
    (),
)


def lines(text: str) -> list[str]:
    return text.replace("\N{MINUS SIGN}", "-").splitlines()


def test_a_row_of_text_is_in_columns_with_a_star_where_it_is_significant() -> None:
    found = lines(as_text(COMPARISON))
    start = found.index("               A      B  B - A [95 % interval]       p")
    assert found[start + 2 : start + 4] == [
        "fixed      30.00  32.50   +2.50 [+1.00, +4.00]  <0.001 *",
        "per_class  40.00  41.00   +1.00 [-0.00, +2.00]   0.700",
    ]


def test_a_row_of_markdown_is_one_of_a_table_and_bold_where_it_is_significant() -> None:
    found = lines(as_markdown(COMPARISON))
    start = found.index("|  | A | B | B - A [95 % interval] | p |")
    assert found[start - 1 : start + 5] == [
        "",
        "|  | A | B | B - A [95 % interval] | p |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| fixed | 30.00 | 32.50 | **+2.50 [+1.00, +4.00]** | <0.001 |",
        "| per_class | 40.00 | 41.00 | +1.00 [-0.00, +2.00] | 0.700 |",
        "",
    ]


@pytest.mark.parametrize("layout", ["text", "markdown"])
def test_both_sides_all_counts_and_what_only_one_side_has_are_told(layout: str) -> None:
    found = " ".join(FORMATS[layout](COMPARISON).split())
    for part in (
        "main (0123456)", "workspace", "scenes20: 400 images, 3 of 5 strategies", "only in A: gone",
        "only in B: new, newer", "scenes59: not comparable, the images differ: 1 (i) only in A", "scenes80: 400 images",
        "voc: 50 images, 1 of 1 strategy", "data sets only in A: coco", "2000 resamples", "2 in all",
    ):  # fmt: skip
        assert part in found


def test_json_is_exact_and_complete() -> None:
    read = json.loads(as_json(COMPARISON))
    assert set(read) == {"a", "b", "resamples", "alpha", "correction", "datasets", "only_a", "only_b"}
    assert read["a"] == {"revision": "main", "commit": "0123456789" * 4}
    assert read["b"] == {"revision": "workspace", "commit": None}
    assert set(read["datasets"][0]) == {"name", "images", "reason", "rows", "unchanged", "only_a", "only_b"}
    assert read["datasets"][0]["rows"][1] == {
        "strategy": "per_class", "a": 0.4, "b": 0.41, "difference": 0.01, "low": -0.00001, "high": 0.02,
        "p": 0.7, "significant": False,
    }  # fmt: skip
    assert read["datasets"][0]["unchanged"] == ["global", "relative", "oracle.label"]
    assert read["datasets"][1]["reason"].startswith("the images differ")


def test_no_line_of_text_is_longer_than_a_terminal() -> None:
    names = tuple(f"background_vectors_{index}" for index in range(12))
    long = replace(
        COMPARISON.datasets[0], only_b=names, rows=tuple(Row(name, 1, 0, -1, -1, 1, 1, False) for name in names)
    )
    text = as_text(replace(COMPARISON, datasets=(long, *COMPARISON.datasets[1:]), only_b=names))
    assert max(map(len, text.splitlines())) <= 100
    assert all(text.count(name) == 3 for name in names[2:])


@pytest.mark.parametrize("layout", ["text", "markdown"])
def test_without_rows_the_note_says_so(layout: str) -> None:
    nothing = replace(COMPARISON, datasets=COMPARISON.datasets[1:])
    assert FORMATS[layout](nothing).splitlines()[-1] == "No strategy changed on a data set that can be compared."


@pytest.mark.parametrize("layout", OutputFormat)
def test_the_command_knows_every_layout(layout: OutputFormat) -> None:
    assert FORMATS[layout](COMPARISON)
    assert set(FORMATS) == set(OutputFormat)

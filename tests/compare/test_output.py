import json

import pytest

from groupseg.cli import Layout
from groupseg.compare.differences import Comparison, DatasetComparison, Row
from groupseg.compare.output import LAYOUTS, as_json, as_markdown, as_text
from groupseg.compare.revisions import Place

COMPARISON = Comparison(
    Place("main", "0123456789" * 4),
    Place("workspace", None),
    2000,
    0.05,
    "Holm",
    (
        DatasetComparison(
            "scenes20",
            400,
            None,
            (
                Row("fixed", 0.3, 0.325, 0.025, 0.01, 0.04, 0.002, True),
                Row("per_class", 0.41, 0.4, -0.01, -0.02, 0.001, 0.7, False),
            ),
            ("gone",),
            ("new", "newer"),
        ),
        DatasetComparison("scenes59", 0, "the images differ: 1 (i) only in A, 0 only in B", (), (), ()),
        DatasetComparison("scenes80", 400, None, (), (), ()),
    ),
    ("voc",),
    (),
)
NOTE = (
    "mIoU in %, differences in points; paired bootstrap over images, 2000 resamples. {} p at most 0.05, corrected for "
    "the strategies of a data set (Holm); each interval stands for itself."
)


def lines(text: str) -> list[str]:
    return text.replace("\N{MINUS SIGN}", "-").splitlines()


def test_text() -> None:
    assert lines(as_text(COMPARISON)) == [
        "A  main (0123456)",
        "B  workspace",
        "",
        "scenes20: 400 images",
        "              A     B  B - A [95 % interval]      p",
        "---------------------------------------------------",
        "fixed      30.0  32.5      +2.5 [+1.0, +4.0]  0.002 *",
        "per_class  41.0  40.0      -1.0 [-2.0, +0.1]  0.700",
        "strategies only in A: gone",
        "strategies only in B: new, newer",
        "",
        "scenes59: not comparable, the images differ: 1 (i) only in A, 0 only in B",
        "",
        "scenes80: 400 images, no strategy in common",
        "",
        "data sets only in A: voc",
        NOTE.format("*"),
    ]


def test_markdown() -> None:
    assert lines(as_markdown(COMPARISON)) == [
        "A: `main (0123456)`, B: `workspace`",
        "",
        "### scenes20: 400 images",
        "",
        "|  | A | B | B - A [95 % interval] | p |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| fixed | 30.0 | 32.5 | **+2.5 [+1.0, +4.0]** | 0.002 |",
        "| per_class | 41.0 | 40.0 | -1.0 [-2.0, +0.1] | 0.700 |",
        "",
        "- strategies only in A: gone",
        "- strategies only in B: new, newer",
        "",
        "### scenes59: not comparable, the images differ: 1 (i) only in A, 0 only in B",
        "",
        "",
        "### scenes80: 400 images, no strategy in common",
        "",
        "- data sets only in A: voc",
        "",
        NOTE.format("Bold:"),
    ]


def test_json_is_exact_and_complete() -> None:
    read = json.loads(as_json(COMPARISON))
    assert set(read) == {"a", "b", "resamples", "alpha", "correction", "datasets", "only_a", "only_b"}
    assert read["a"] == {"revision": "main", "commit": "0123456789" * 4}
    assert read["b"] == {"revision": "workspace", "commit": None}
    assert set(read["datasets"][0]) == {"name", "images", "reason", "rows", "only_a", "only_b"}
    assert read["datasets"][0]["rows"][1] == {
        "strategy": "per_class", "a": 0.41, "b": 0.4, "difference": -0.01, "low": -0.02, "high": 0.001,
        "p": 0.7, "significant": False,
    }  # fmt: skip
    assert read["datasets"][1]["reason"].startswith("the images differ")


@pytest.mark.parametrize("layout", Layout)
def test_the_command_knows_every_layout(layout: Layout) -> None:
    assert LAYOUTS[layout](COMPARISON)
    assert set(LAYOUTS) == set(Layout)

"""Settings of a refinement, and the line that tells them."""

import re
from typing import Any

import pytest

from groupseg.errors import UserError
from groupseg.refine.settings import UNREFINED, Guided, Pamr, Refine, parse_refine, refinement_of


@pytest.mark.parametrize(
    ("refine", "line"),
    [
        (UNREFINED, "none"),
        (Guided(), "guided, radius 8, epsilon 0.0001"),
        (Guided(radius=3, epsilon=1e-9), "guided, radius 3, epsilon 1e-09"),
        (Pamr(), "pamr, dilations 1 2 4 8 12 24, steps 10"),
        (Pamr(dilations=(8,), steps=1), "pamr, dilations 8, steps 1"),
    ],
)
def test_the_line_is_read_back(refine: Refine, line: str) -> None:
    assert str(refine) == line
    assert parse_refine(line) == refine


def test_what_a_line_leaves_out_has_its_default() -> None:
    assert parse_refine(" pamr ") == Pamr()
    assert parse_refine("pamr, steps 3") == Pamr(steps=3)
    assert parse_refine("guided,radius 2") == Guided(radius=2)


def test_a_model_is_refined_as_said_of_it_else_as_the_one_that_runs() -> None:
    given: dict[str, Refine] = {"running": Pamr(), "own": Guided()}
    assert refinement_of("own", "running", given) == Guided()
    assert refinement_of("other", "running", given) == refinement_of("running", "running", given) == Pamr()
    assert refinement_of("other", "unsaid", given) == UNREFINED


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("crf", "'crf' is none of none, guided, pamr. Name one of them."),
        ("", "'' is none of none, guided, pamr."),
        ("pamr, dilation 1", "pamr has no setting 'dilation'; there are dilations, steps."),
        ("none, steps 1", "none has no setting 'steps'; leave it out."),
        ("pamr, steps many", "steps 'many' is no number."),
        ("pamr, steps", "steps '' is no number."),
        ("pamr, dilations 1 x", "dilations '1 x' is no number."),
        ("pamr, dilations", "dilations must be positive and each given once, but got []. Mend it in 'pamr, dilations'"),
        ("guided, epsilon nan", "epsilon must be positive, but got nan."),
        ("guided, radius 0", "radius must be positive, but got 0."),
    ],
)
def test_a_line_with_a_fault_is_one_error(line: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"refine: {message}")) as caught:
        parse_refine(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Guided, {"radius": -1}), (Guided, {"epsilon": 0.0}), (Guided, {"epsilon": float("inf")}),
        (Pamr, {"steps": 0}), (Pamr, {"dilations": ()}), (Pamr, {"dilations": (1, 0)}), (Pamr, {"dilations": (2, 2)}),
    ],
)  # fmt: skip
def test_numbers_out_of_range(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be positive"):
        kind(**wrong)

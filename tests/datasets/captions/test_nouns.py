"""Nouns of captions, against those that others know to be there: COCO's categories, and irregular plurals."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupseg.datasets.captions.nouns import nouns
from groupseg.datasets.names import class_list

# Class names that these captions use otherwise: "an orange bus".
OTHER_MEANING = {"orange"}


@pytest.mark.parametrize(
    ("caption", "found"),
    [
        ("A man with a RED tennis racket", ["man", "tennis", "racket"]),
        ("Two pairs of skis in the snow.", ["pair", "ski", "snow"]),
        ("mice, geese and knives; people", ["mouse", "goose", "knife", "people"]),
        ("jeans and scissors", ["jeans", "scissors"]),
        ("the dog's bone, a dog\u2019s life", ["dog", "bone", "life"]),
        ("giraffes and a giraffe", ["giraffe"]),
        ("<PERSON> in New York City with 3 cats", ["person", "cat"]),
        ("", []),
        ("!!! 123", []),
        ("cat " + "x" * 100_000, ["cat"]),
    ],
)
def test_nouns_are_singular_and_each_stands_once(caption: str, found: list[str]) -> None:
    assert nouns(caption) == found


def test_coco_s_categories_are_found_where_people_name_them(real: Path) -> None:
    text = (real / "coco/annotations/captions_val2017.json").read_text()
    heads = {name.split()[-1] for name in class_list("coco_object")} - OTHER_MEANING
    named, found = 0, 0
    for annotation in json.loads(text)["annotations"]:
        words = re.findall("[a-z]+", annotation["caption"].lower())
        mentioned = {head for head in heads if head in words or f"{head}s" in words}
        named += len(mentioned)
        found += len(mentioned & set(nouns(annotation["caption"])))
    assert named > 100
    assert found > 0.97 * named


@settings(max_examples=30, deadline=None)
@given(st.text("abcdeXYZ\u00e9'-., 1\u4e2d", max_size=25) | st.text(max_size=10))
def test_any_text_gives_lower_case_words_that_stand_in_it_but_for_their_endings(caption: str) -> None:
    found = nouns(caption)
    assert len(set(found)) == len(found)
    assert all(noun == noun.lower() and noun[0] in caption.lower() for noun in found)

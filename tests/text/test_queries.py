import numpy as np

from groupseg.text.prompts import embed_words
from groupseg.text.queries import background_words, embed_queries
from tests.text.test_prompts import Lengths


def test_every_word_is_a_query_and_is_embedded_once() -> None:
    given = embed_queries(Lengths(True), ["cat, kitten", "bed"], ["sky", "bed"], ["a {}.", "the {}."])
    assert given.with_background
    assert given.label.tolist() == [0, 0, 1, 1, 2]
    words = ["sky", "bed", "cat", "kitten", "bed"]
    np.testing.assert_array_equal(given.text[given.word], embed_words(Lengths(True), words, ["a {}.", "the {}."]))
    assert len(given.text) == 4
    assert [rows.tolist() for rows in given.of_labels()] == [[0, 1], [2, 3], [1]]


def test_without_words_of_the_background_the_first_label_is_a_class() -> None:
    given = embed_queries(Lengths(True), ["cat", "bed"], [], ["a {}."])
    assert not given.with_background
    assert [rows.tolist() for rows in given.of_labels()] == [[0], [1]]


def test_lists_of_background_words_go_by_name() -> None:
    assert background_words(["sclip"])[:2] == ["sky", "wall"]
    assert "bed" in background_words(["sclip"])
    assert background_words(["background"]) == ["background"]

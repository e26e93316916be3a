"""Texts as editors save them."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupseg.datasets.texts import decode_text, is_text
from groupseg.errors import UserError, printable

# How editors on every system save a text, byte order marks and all.
ENCODED = {
    "utf-8": lambda text: text.encode(),
    "utf-8-sig": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-le with a mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be with a mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
}


@pytest.mark.parametrize("encoding", ENCODED)
@given(text=st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])))
def test_a_text_is_what_was_saved_whatever_the_encoding(encoding: str, text: str) -> None:
    # What UTF-16 without a mark is known by is that Latin letters come first.
    assert decode_text(ENCODED[encoding](f"cat {text}"), "a.txt") == f"cat {text}"


def test_what_is_no_text_is_named() -> None:
    with pytest.raises(UserError, match=r"^a\.txt is not UTF-8 \(byte 3\)\. Save it as UTF-8 text"):
        decode_text("café".encode("latin-1"), "a.txt")


@pytest.mark.parametrize("name", [b"caf\xe9.jpg", b"caf\xc3\xa9.jpg", b"a.jpg", b"\xff\xfe"])
def test_names_of_files_can_be_printed(name: bytes) -> None:
    given = name.decode("utf-8", "surrogateescape")
    try:
        expected = name.decode()
    except UnicodeDecodeError:
        expected = name.decode("utf-8", "backslashreplace")
        assert not is_text(given)
    else:
        assert is_text(given)
    assert printable(given) == expected
    printable(given).encode()

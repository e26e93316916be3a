"""Text files as editors and exporters save them."""

import codecs

from groupseg.errors import UserError
from groupseg.io.files import stand_in

# The mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(data: bytes) -> str:
    """Returns the encoding of a text: by its byte order mark, or by the zeros that UTF-16 has; else UTF-8."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    if b"\0" in data[:2]:
        return "utf-16-be" if data[0] == 0 else "utf-16-le"
    return "utf-8"


def decode_text(data: bytes, label: str) -> str:
    """Returns a text that was saved as UTF-8, UTF-16 or UTF-32, without its byte order mark.

    Args:
        data: The file.
        label: What it is called in errors.

    Raises:
        UserError: If it is none of these, or no text but what lies in its place.
    """
    if what := stand_in(data):
        raise UserError(f"{label} {what}.")
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        raise UserError(f"{label} is not UTF-8 (byte {error.start}). Save it as UTF-8 text.") from error


def is_text(name: str) -> bool:
    """Whether the bytes of a file name are UTF-8."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)

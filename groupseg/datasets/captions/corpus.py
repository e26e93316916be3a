"""Captioned images as their owners have them, whatever the layout: what every reader of captions returns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from groupseg.datasets.captions.nouns import nouns
from groupseg.datasets.entry import Entry, Unusable, captioned_entry
from groupseg.datasets.pictures import JPEG, read_picture
from groupseg.datasets.sample import CaptionedImage, sample_key
from groupseg.datasets.texts import is_text
from groupseg.errors import UserError

# Of a caption. Text encoders read some 70, and a page of the web that was taken for a caption has many thousands.
_MOST_WORDS = 5_000


@dataclass(frozen=True)
class CaptionedFiles:
    """A corpus of files, none of which is read yet.

    Args:
        items: One an image; may be found only as they are asked for. Can be pickled.
        entry: Reads and encodes an item, or says why it is passed over. Can be pickled, and is small.
        images: How many items there are; None where only reading them all would tell.
    """

    items: Iterable[Any]
    entry: Callable[[Any], Entry | Unusable]
    images: int | None


def encode(name: str, data: bytes, label: str, caption: str) -> Entry:
    """Encodes an image with its caption and the nouns in it; an upright RGB JPEG is stored as it is.

    Args:
        name: What its owner calls it, unique in the corpus.
        data: The image file, of any common kind.
        label: What it is called in errors.
        caption: As its owner wrote it; white space is brought into order.

    Raises:
        UserError: If the file is damaged, or the caption empty, far too long, or no text.
    """
    text = " ".join(caption.split())
    if not text:
        raise UserError(f"{label}: its caption is empty. Write one, or take the image out.")
    if not is_text(text):
        raise UserError(f"{label}: its caption holds half a character. Write the whole one, or take the image out.")
    if (words := text.count(" ") + 1) > _MOST_WORDS:
        raise UserError(f"{label}: its caption has {words:,} words. Shorten it, or take the image out.")
    image, encoded = read_picture(data, label)
    captioned = CaptionedImage(sample_key(name), image, text, nouns(text))
    return captioned_entry(captioned, encoded if encoded.startswith(JPEG) else None)

"""Pictures and maps of images, no larger than a page can show them."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from groupseg.explore.packed import smallest
from groupseg.report.html import data_uri

# Pixels of the longer side. What is smaller is kept as it is.
_SIDE = 400
_QUALITY = 82

_Map = NDArray[np.integer]


def picture_of(image: NDArray[np.uint8], segments: _Map, truth: _Map | None) -> dict[str, Any]:
    """Puts an image on the page.

    Args:
        image: uint8 [H, W, 3].
        segments: [H, W], number of the segment of each pixel.
        truth: [H, W], true label of each pixel, C + 1 where it is not known; None where there is no truth.

    Returns:
        "width" and "height" of the maps, "picture" as a data URI, "segments" and "truth", row by row; the maps take the
        nearest pixel where they are reduced.
    """
    height, width = segments.shape
    scale = min(1.0, _SIDE / max(height, width))
    rows, columns = _nearest(height, scale), _nearest(width, scale)
    picture = Image.fromarray(image)
    if scale < 1:
        picture = picture.resize((len(columns), len(rows)), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    picture.save(content, "WEBP", quality=_QUALITY)
    maps = {"segments": segments} | ({} if truth is None else {"truth": truth})
    return {
        "width": len(columns),
        "height": len(rows),
        "picture": data_uri(content.getvalue(), "webp"),
        **{name: smallest(values[np.ix_(rows, columns)]).ravel() for name, values in maps.items()},
    }


def _nearest(size: int, scale: float) -> NDArray[np.int64]:
    """The pixels of one side that are kept, those nearest to the middle of the reduced ones."""
    reduced = max(1, round(size * scale))
    return np.minimum(((np.arange(reduced) + 0.5) * size / reduced).astype(np.int64), size - 1)

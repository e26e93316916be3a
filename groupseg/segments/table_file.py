"""Segment tables on disk."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from groupseg.io.arrays import open_arrays, write_arrays
from groupseg.segments.parts import Parts
from groupseg.segments.rows import Rows, mapped

if TYPE_CHECKING:
    from groupseg.segments.table import SegmentKind, SegmentTable

# What a file holds of these is read when it is asked for: they are nearly all of it.
_LARGE = ("embedding", "parts.embedding", "parts.window_embedding")


def write_table(path: str | Path, table: "SegmentTable") -> None:
    """Writes a table; see `SegmentTable.save`."""
    precision = table.protocol.get("embeddings", "float32")
    histogram = table.histogram.copy()
    histogram.sum_duplicates()
    arrays = {
        "image": table.image.astype(np.int32),
        "embedding": np.asarray(table.embedding[:], precision),
        "area": table.area.astype(np.int64),
        "histogram.indptr": histogram.indptr.astype(np.int64),
        "histogram.indices": histogram.indices.astype(np.int32),
        "histogram.data": histogram.data.astype(np.int64),
        "image_embedding": table.image_embedding.astype(np.float32),
        "text_mean": table.text_mean.astype(np.float32),
        "background": table.background.astype(np.float32),
    }
    if table.parts is not None:
        arrays |= {f"parts.{name}": array for name, array in table.parts.arrays(precision).items()}
    rest = {
        "keys": table.keys, "classes": table.classes, "scale": table.scale, "protocol": table.protocol,
        "with_background": table.with_background, "digests": table.digests,
    }  # fmt: skip
    write_arrays(path, arrays, "table", rest)


def columns(path: str | Path, file: Any, rest: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of `SegmentTable` that make the table in a file, of what `open_table` yields.

    Raises:
        ValueError: If the file is damaged, as KeyError and TypeError.
    """
    names = list(file.keys())
    arrays: dict[str, Any] = {**mapped(Path(path), set(names) - set(_LARGE))}
    arrays |= {name: Rows(path, name) for name in _LARGE if name in names}
    data, indices, indptr = (arrays.pop(f"histogram.{name}") for name in ("data", "indices", "indptr"))
    # Of one type with the indices, which scipy would copy otherwise.
    indptr = indptr.astype(indices.dtype if len(data) < 2**31 else indptr.dtype)
    histogram = csr_array((data, indices, indptr), shape=(len(arrays["image"]), len(rest["classes"]) + 1))
    histogram.check_format(full_check=True)
    parts = {name[6:]: arrays.pop(name) for name in names if name.startswith("parts.")}
    made_of = {"parts": Parts.from_arrays(parts)} if parts else {}
    tuples = {name: tuple(rest[name]) for name in ("keys", "classes", "digests")}
    return {"histogram": histogram, **arrays, **rest, **made_of, **tuples}


def open_table(path: str | Path) -> AbstractContextManager[tuple[Any, Any]]:
    """Opens the file of a table; see `groupseg.io.arrays.open_arrays`."""
    return open_arrays(path, "table", "is no segment table")


def read_kind(path: str | Path) -> "SegmentKind":
    """Returns the `kind` of the table in a file, whose arrays are not read; errors are those of `SegmentTable.load`."""
    with open_table(path) as (_, rest):
        return segment_kind(rest["protocol"])


def segment_kind(protocol: Mapping[str, str]) -> "SegmentKind":
    """Says what the segments of a table are described by."""
    return "scores" if "scores" in protocol else "embeddings"

"""Numbers for the page: JSON and arrays in one compressed text."""

import base64
import gzip
import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Arrays of JavaScript by the type of numpy's.
_KINDS = {"u1": "Uint8Array", "u2": "Uint16Array", "u4": "Uint32Array", "f4": "Float32Array", "f8": "Float64Array"}


def pack(value: Any) -> str:
    """Packs what JSON holds, and arrays within it: unsigned integers of up to four bytes, and floats.

    The text is base64 of gzip of: the length of the JSON in four bytes, the JSON, the bytes of all arrays. In the JSON
    an array is {"array": kind in JavaScript, "at": its first byte among those of all arrays, "bytes": how many}. NaN is
    null. Equal values are equal text.

    Raises:
        TypeError: If an array has another type.
    """
    buffers: list[bytes] = []
    text = json.dumps(_plain(value, buffers), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    content = len(text).to_bytes(4, "little") + text + b"".join(buffers)
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Gives whole numbers from 0 up the smallest type that holds them; those of more than four bytes are float64."""
    kind = np.min_scalar_type(int(values.max(initial=0)))
    return values.astype(kind if kind.itemsize <= 4 else np.float64)


def _plain(value: Any, buffers: list[bytes]) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item, buffers) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, buffers) for item in value]
    if isinstance(value, np.ndarray):
        return _reference(value, buffers)
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _reference(array: NDArray[Any], buffers: list[bytes]) -> dict[str, Any]:
    kind = _KINDS.get(array.dtype.str[1:])
    if kind is None:
        raise TypeError(f"Expected an array of {', '.join(_KINDS)}, but got {array.dtype}")
    content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    place = sum(map(len, buffers))
    buffers.append(content)
    return {"array": kind, "at": place, "bytes": len(content)}

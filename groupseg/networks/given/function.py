"""Scores by a function of one's own: `package.module:function`, found as Python finds modules.

Called with the class names it returns what scores an image: from uint8 [H, W, 3] to an array or tensor [C, h, w].
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError

Score = Callable[[NDArray[np.uint8]], NDArray[Any]]


def load_function(name: str, classes: Sequence[str]) -> Score:
    """Calls a function with the classes.

    Raises:
        UserError: If there is none of that name, or it raises anything.
    """
    module, _, attribute = name.partition(":")
    try:
        made = getattr(importlib.import_module(module), attribute)(tuple(classes))
    except Exception as error:
        raise _failed(name, error) from error

    def score(image: NDArray[np.uint8]) -> NDArray[Any]:
        try:
            found = made(image.copy())  # readers share the array
            return np.asarray(found.detach().cpu() if hasattr(found, "detach") else found)
        except Exception as error:
            raise _failed(name, error) from error

    return score


def _failed(name: str, error: Exception) -> UserError:
    said = str(error).strip().partition("\n")[0].rstrip(".")
    return UserError(f"{name}: {type(error).__name__}: {said}. Mend the function, or install what it imports.")

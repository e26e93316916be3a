"""What a method says of every pixel, as probabilities: checked, and brought to the size of the image."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from groupseg.errors import UserError

ScoreKind = Literal["logits", "probabilities"]
Probabilities = NDArray[np.float64]

# Probabilities below this one are taken for it, as logits must be finite.
LEAST = 1e-12


def probabilities(
    scores: NDArray[Any], classes: int, kind: ScoreKind, where: str, background: bool = False
) -> Probabilities:
    """Checks the scores of an image and turns them into probabilities, [C, h, w].

    Where `background` allows it, there may be one plane more, that of the background, which is the first.
    """
    if scores.ndim != 3 or len(scores) not in {classes, classes + background} or scores.size == 0:
        hint = "It may have one more, before them." if background else "Leave a plane for the background out."
        raise UserError(
            f"{where}: expected scores of shape ({classes}, height, width), one plane for each class, but got"
            f" {scores.shape}. {hint}"
        )
    exact = scores.astype(np.float64)
    if not np.isfinite(exact).all():
        raise UserError(f"{where}: {np.count_nonzero(~np.isfinite(exact))} scores are not finite. Mend them.")
    if kind == "logits":
        shares = np.exp(exact - exact.max(axis=0))
        return np.asarray(shares / shares.sum(axis=0))
    total = exact.sum(axis=0)
    if exact.min() < 0 or np.abs(total - 1).max() > 1e-3:
        raise UserError(
            f"{where}: these are no probabilities: they lie in {exact.min():.3g}..{exact.max():.3g}, and their sums"
            f' over the classes in {total.min():.3g}..{total.max():.3g}. Give logits, with kind="logits".'
        )
    return np.asarray(exact / total)


def resized(planes: Probabilities, size: tuple[int, ...]) -> Probabilities:
    """Brings probabilities to another size: bilinear, between the centres of pixels."""
    if planes.shape[1:] == size:
        return planes
    rows, columns = (_bilinear(*lengths) for lengths in zip(planes.shape[1:], size, strict=True))
    return np.asarray(rows @ planes @ columns.T)


def _bilinear(length: int, wanted: int) -> NDArray[np.float64]:
    """What each of the `wanted` pixels of a side takes from each of its `length`, [wanted, length]."""
    centre = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0, length - 1)
    return np.asarray(np.maximum(1 - np.abs(centre[:, None] - np.arange(length)), 0))


def logits(probabilities: Probabilities) -> NDArray[np.float32]:
    """Takes the logarithm of probabilities: the softmax of that is the probabilities again."""
    return np.log(np.maximum(probabilities, LEAST)).astype(np.float32)

"""The test images of a data set with their label maps, and the rule that chooses which are shown."""

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load_file

from groupseg.errors import UserError
from groupseg.metrics.confusion import Counts
from groupseg.metrics.counts import load_counts
from groupseg.report.archive import TarFiles
from groupseg.report.results import DatasetResults, Results
from groupseg.report.roles import LABEL_ORACLE
from groupseg.segments.table import SegmentTable


@dataclass(frozen=True, eq=False)
class Example:
    """An image and what is said about it.

    Attributes:
        image: uint8 [H, W, 3].
        maps: Label maps int32 [H, W]: the truth, the baseline, a strategy, the label oracle. Labels are 0..C;
            in the truth, anything above C is ignored.
        right: Share of the labelled pixels that baseline and strategy have right, 0..1.
    """

    image: NDArray[np.uint8]
    maps: tuple[NDArray[np.int32], ...]
    right: tuple[float, float]


class Album:
    """The test images of a data set.

    Args:
        results: The results of the run.
        dataset: Those of the data set.

    Attributes:
        table: The segments.
        labels: Label of each segment, [S] int32, by strategy and for the label oracle.
        counts: Counts of each image by the same names.
        classes: Names of the classes without background.

    Raises:
        UserError: If a file is missing or damaged.
    """

    def __init__(self, results: Results, dataset: DatasetResults) -> None:
        root = results.root
        self._baseline = dataset.baseline
        self._prepared = root / "data/prepared" / dataset.name
        self._segments = root / "data/segments" / dataset.name / "test"
        self.table = SegmentTable.load(self._segments / "table.safetensors")
        self.labels = _load_labels(root / f"data/predictions/{results.name}/{dataset.name}.safetensors")
        self.counts, _, self.classes = load_counts(root / f"data/counts/{results.name}/{dataset.name}.safetensors")
        self._right = {name: _share_right(self.counts[name]) for name in dataset.strategies}
        self._seen: dict[int, tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]]] = {}

    def right(self, strategy: str) -> NDArray[np.float64]:
        """Returns the share of the labelled pixels of each image that baseline and strategy have right.

        Returns:
            [N, 2] float64, NaN where no pixel is labelled.
        """
        return np.stack([self._right[self._baseline], self._right[strategy]], axis=1)

    def example(self, row: int, strategy: str) -> Example:
        """Builds the label maps of image `row`.

        Raises:
            UserError: If a file is missing or damaged.
        """
        if row not in self._seen:
            self._seen[row] = self.read(row)
        image, truth, segment = self._seen[row]
        labels = (self.labels[name][segment] for name in (self._baseline, strategy, LABEL_ORACLE))
        baseline, other = self.right(strategy)[row]
        return Example(image, (truth, *labels), (float(baseline), float(other)))

    def read(self, row: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64]]:
        """Reads image `row`.

        Returns:
            uint8 [H, W, 3]; its truth, int32 [H, W]; and the row of each pixel's segment in the table, int64 [H, W].

        Raises:
            UserError: If a file is missing or damaged.
        """
        key = self.table.keys[row]
        kind = "jpg" if f"{key}.image.jpg" in self._files else "png"
        names = (f"{key}.image.{kind}", f"{key}.mask.png", f"{key}.png")
        try:
            image, truth, segments = (np.asarray(Image.open(io.BytesIO(self._files.read(name)))) for name in names)
        except (KeyError, OSError, SyntaxError) as error:
            raise UserError(
                f"Image {key} in {self._prepared} or {self._segments}/maps.tar is missing or damaged: {error}. "
                "Delete both and run `dvc repro`."
            ) from error
        # Segments are numbered within their image; its rows in the table follow one another.
        return image, truth.astype(np.int32), np.searchsorted(self.table.image, row) + segments.astype(np.int64)

    @cached_property
    def _files(self) -> TarFiles:
        """Images, masks and segment maps: <key>.image.jpg or .image.png, <key>.mask.png, <key>.png."""
        return TarFiles([*sorted(self._prepared.glob("test-*.tar")), self._segments / "maps.tar"])


def extremes(right: NDArray[np.float64], count: int) -> tuple[list[int], list[int]]:
    """Chooses the images where the strategy gains most over the baseline, and those where it loses most.

    Args:
        right: [N, 2] float64, share of pixels that baseline and strategy have right, NaN where unknown.
        count: How many images in all, half of them gains and half losses, as far as there are so many.

    Returns:
        Rows of the gains, the largest first, and of the losses, the largest first.
    """
    order = by_gain(right)
    gain = right[:, 1] - right[:, 0]
    gains = [row for row in order if gain[row] > 0]
    losses = [row for row in reversed(order) if gain[row] < 0]
    return gains[: (count + 1) // 2], losses[: count // 2]


def quantiles(right: NDArray[np.float64], levels: tuple[float, ...]) -> list[int]:
    """Orders images by gain and chooses those at levels, 0 = most gained, 1 = most lost; none twice."""
    order = by_gain(right)
    return list(dict.fromkeys(order[round(level * (len(order) - 1))] for level in levels)) if order else []


def by_gain(right: NDArray[np.float64]) -> list[int]:
    """Rows of the images that have labelled pixels, the largest gain first; of equals, the first.

    Args:
        right: [N, 2] float64, share of pixels that baseline and strategy have right, NaN where unknown.
    """
    gain = right[:, 1] - right[:, 0]
    order: list[int] = np.argsort(-gain, kind="stable")[: np.count_nonzero(~np.isnan(gain))].tolist()
    return order


def _share_right(counts: Counts) -> NDArray[np.float64]:
    """Share of the labelled pixels of each image that are right; NaN where none is labelled."""
    labelled = counts.truth.sum(axis=-1)
    share: NDArray[np.float64] = np.full(len(labelled), np.nan)
    np.divide(counts.tp.sum(axis=-1), labelled, out=share, where=labelled > 0)
    return share


def _load_labels(path: Path) -> dict[str, NDArray[np.int32]]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} is missing or damaged: {error}. Delete it and run `dvc repro`.") from error

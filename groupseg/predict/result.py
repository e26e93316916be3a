"""What comes out for an image: its segments, each with its name, and pictures of them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import find_objects

from groupseg.array_types import Labels
from groupseg.explore.evidence import Evidence
from groupseg.predict.naming import BACKGROUND
from groupseg.segments.overlay import Map
from groupseg.strategies.scores import Scores


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment of an image.

    Attributes:
        id: Its value in the segment map.
        name: Its class, or "background".
        label: 0 = background, c = entry c - 1 of the class list.
        candidate: The class that it is most like, also where it is called background.
        score: Of the candidate, in the unit of the strategy; the higher, the less it looks like background.
        share: Of the pixels of the image, 0..1.
        box: First column and row, and one past the last of both, pixels.
    """

    id: int
    name: str
    label: int
    candidate: str
    score: float
    share: float
    box: tuple[int, int, int, int]

    def to_json(self) -> dict[str, Any]:
        """The same, with `name` as "class"."""
        entries = asdict(self)
        return {"class": entries.pop("name"), **entries}


@dataclass(frozen=True, eq=False)
class Result:
    """An image and its named segments.

    Attributes:
        image: uint8 [H, W, 3], RGB.
        map: int [H, W], the segment of each pixel: segment g is `segments[g]`.
        segments: The segments.
        classes: Names of the classes, without background.
        protocol: The model, its weights' digest, resolution and windows, the strategy and the texts.
        evidence: What each segment and the image resemble; None where that was not gathered.
    """

    image: NDArray[np.uint8]
    map: Map
    segments: tuple[Segment, ...]
    classes: tuple[str, ...]
    protocol: dict[str, Any]
    evidence: Evidence | None = None

    @property
    def labels(self) -> Labels:
        """Label of each pixel, int32 [H, W]: 0 = background, c = entry c - 1 of `classes`."""
        return np.array([segment.label for segment in self.segments], dtype=np.int32)[self.map]

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Where a class is, or "background": bool [H, W].

        Raises:
            KeyError: If it is not among the classes.
        """
        if name not in (BACKGROUND, *self.classes):
            raise KeyError(name)
        return np.array([segment.name == name for segment in self.segments])[self.map]

    def shares(self) -> dict[str, float]:
        """Share of the pixels that each class has, the largest first; the background last."""
        total: dict[str, float] = {}
        for segment in self.segments:
            total[segment.name] = total.get(segment.name, 0.0) + segment.share
        return dict(sorted(total.items(), key=lambda entry: (entry[0] == BACKGROUND, -entry[1])))

    def overlay(self) -> Image.Image:
        """Paints the classes onto the image, with their outlines and a legend."""
        from groupseg.predict.overlay import draw_overlay

        return draw_overlay(self)

    def to_json(self) -> dict[str, Any]:
        """What there is to say of the image, as JSON holds it."""
        height, width = self.map.shape
        return {
            "width": width,
            "height": height,
            "classes": list(self.classes),
            "segments": [segment.to_json() for segment in self.segments],
            "protocol": self.protocol,
        }


def name_segments(
    segments: Map, label: Labels, candidate: Labels, score: Scores, classes: tuple[str, ...]
) -> tuple[Segment, ...]:
    """Puts together what is known of the G segments of an image.

    Args:
        segments: int [H, W], 0..G-1; every segment owns a pixel.
        label: [G], 0 = background.
        candidate: [G], 1..C.
        score: [G].
        classes: Names of the C classes.
    """
    names = (BACKGROUND, *classes)
    share = np.bincount(segments.ravel(), minlength=len(label)) / segments.size
    boxes = find_objects(segments + 1, len(label))
    return tuple(
        Segment(
            id=row,
            name=names[label[row]],
            label=int(label[row]),
            candidate=names[candidate[row]],
            score=float(score[row]),
            share=float(share[row]),
            box=(columns.start, rows.start, columns.stop, rows.stop),
        )
        for row, (rows, columns) in enumerate(boxes)
    )

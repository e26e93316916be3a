"""The explorer of one's own pictures: the same page without truth, so that nothing is judged."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groupseg.explore.evidence import Evidence, evidence_on_page
from groupseg.explore.moving import cut_below, is_single, own_threshold
from groupseg.explore.packed import smallest
from groupseg.explore.page import render
from groupseg.explore.pictures import picture_of
from groupseg.explore.slider import plain_slider
from groupseg.predict.naming import Naming
from groupseg.predict.result import Result
from groupseg.report.palette import palette

# Images on a page, at most.
_MOST = 200
_ABOUT = (
    "Move the threshold: a segment whose score is under it is called background. Nothing is known of the truth here, so"
    " that no figure says what is right. The two sides show the same rule, each at a threshold of its own."
)
_NOTES = ("Keys: the left and right arrow go from image to image. The address of this page says what is shown.",)


class PredictedPage:
    """Gathers pictures for a page, the first 200 of them.

    Args:
        naming: How their segments got names.
    """

    def __init__(self, naming: Naming) -> None:
        self._naming = naming
        self._images: list[dict[str, Any]] = []
        self._segments: list[dict[str, NDArray[Any]]] = []
        self._evidence: list[Evidence] = []
        self._seen = 0

    def add(self, name: str, result: Result) -> None:
        """Adds a picture, called `name`."""
        self._seen += 1
        if len(self._images) == _MOST or result.evidence is None:
            return
        number = {name: label for label, name in enumerate(result.classes, start=1)}
        segments = result.segments
        picture = picture_of(result.image, result.map, None)
        self._images.append({"key": name, "reason": "", "count": len(segments), **picture})
        score = np.array([segment.score for segment in segments])
        self._segments.append(
            {
                "label": np.array([segment.label for segment in segments]),
                "candidate": np.array([number[segment.candidate] for segment in segments]),
                "score": score,
                "cut": cut_below(self._naming.strategy, score, np.full_like(score, score.max(initial=-np.inf))),
                "area": np.bincount(result.map.ravel(), minlength=len(segments)),
            }
        )
        self._evidence.append(result.evidence)

    def write(self, path: Path) -> bool:
        """Writes the page, unless there is no picture; returns whether there is.

        Raises:
            UserError: If the page cannot be written.
        """
        if self._images:
            words = {"title": "predictions", "about": _ABOUT, "notes": _NOTES, "report": "", "made_from": ""}
            render(path, {"predictions": self._data()}, **words)
        return bool(self._images)

    def _data(self) -> dict[str, Any]:
        classes = self._naming.classes
        columns = {name: np.concatenate([own[name] for own in self._segments]) for name in self._segments[0]}
        found = Evidence(*(np.concatenate(arrays) for arrays in zip(*self._evidence, strict=True)))
        alike, whole = evidence_on_page(found)
        nothing = smallest(np.zeros(0, np.int64))
        strategy, sliders = self._strategy(columns)
        return {
            "name": "predictions",
            "classes": list(classes),
            "colours": palette(len(classes)).ravel(),
            "images_total": self._seen,
            "credit": "",
            "first": strategy["name"],
            "second": strategy["name"],
            "strategies": [strategy],
            "sliders": sliders,
            "images": self._images,
            "segments": {
                "area": smallest(columns["area"]),
                "starts": nothing,
                "label": nothing,
                "pixels": nothing,
                **alike,
            },
            "evidence": whole,
        }

    def _strategy(self, columns: dict[str, NDArray[Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The rule and its slider, if one threshold says the very labels that the rule has given."""
        rule = self._naming.strategy.to_json()["rule"]
        about = {
            "name": Path(self._naming.origin.get("calibration") or "without a calibration").stem,
            "kind": rule,
            "label": smallest(columns["label"]),
            "candidate": smallest(columns["candidate"]),
            "score": columns["score"].astype(np.float32),
        }
        threshold = own_threshold(self._naming.strategy) if is_single(self._naming.strategy) else None
        if threshold is None:
            return about, []
        slider = plain_slider(columns["cut"], {"own": threshold})
        if not np.array_equal(np.where(columns["cut"] >= threshold, columns["candidate"], 0), columns["label"]):
            return about, []
        last = smallest(slider.place(columns["cut"]))
        return about | {"last": last, "slider": 0, "own": {"as given": "own"}}, [slider.to_page()]

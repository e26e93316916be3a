"""The scores of images from whatever source a file in models/ names."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from groupseg.datasets.sample import Sample
from groupseg.networks.given.config import ScoreSource
from groupseg.networks.given.folder import check_names, read_scores
from groupseg.networks.given.function import load_function
from groupseg.segments.pixels import probabilities, resized


class GivenScores:
    """Scores the pixels of a data set by a folder or a function.

    Args:
        source: Where scores come from.
        classes: Names of the C classes, without background.
        dataset: Its name, by which it has a folder.
        prepared: Where its shards lie.

    Raises:
        UserError: If files are of no image, or the function cannot be had.
    """

    def __init__(self, source: ScoreSource, classes: Sequence[str], dataset: str, prepared: Path) -> None:
        self._source, self._classes = source, classes
        self.steps = source.steps
        if source.python:
            self._function = load_function(source.python, classes)
        else:
            self._folder = Path(str(source.folder)).expanduser() / dataset
            check_names(self._folder, prepared)

    @property
    def protocol(self) -> dict[str, str]:
        """In words, where scores come from."""
        of = self._source.python or f"files of {self._source.folder}"
        scores = f"{self._source.kind} by {of}, told apart in {self.steps} steps of probability"
        return {"resolution": "of the scores", "window": "whole", "scores": scores}

    def __call__(self, sample: Sample) -> Tensor:
        """Scores an image.

        Returns:
            Probabilities, float32 [C, H, W], or [1 + C, H, W] where the background has a plane, the first.

        Raises:
            UserError: If the scores of the image are missing, have another form, or are none.
        """
        given = self._function(sample.image) if self._source.python else read_scores(self._folder, sample.name)
        found = probabilities(given, len(self._classes), self._source.kind, f"image {sample.name!r}", background=True)
        return torch.from_numpy(resized(found, sample.image.shape[:2])).float()


def load_given(path: Path, classes: Sequence[str], dataset: str, prepared: Path) -> GivenScores:
    """Reads the source that `groupseg.networks.given.kind` wrote into a file; see `GivenScores`."""
    with safe_open(path, framework="numpy") as file:
        source = ScoreSource(**json.loads(file.metadata()["scores"])["source"])
    return GivenScores(source, classes, dataset, prepared)

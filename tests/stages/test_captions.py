"""Captioned scenes in shards."""

from pathlib import Path

from dvc.utils.hydra import apply_overrides

from groupseg.datasets.shards import read_captions
from stages import captions


def test_captioned_scenes_are_drawn(project: Path) -> None:
    apply_overrides("params.yaml", ["corpora.scenes80.images=3"])
    captions.main("scenes80")
    images = list(read_captions(project / "data/captions/scenes80"))
    assert len(images) == 3
    for image in images:
        assert image.image.shape == (96, 96, 3)
        assert image.nouns
        assert all(noun in image.caption for noun in image.nouns)

"""Draws the captioned scenes that training sees: `python -m stages.captions scenes20`."""

from pathlib import Path

from tqdm import tqdm

from groupseg.datasets import scenes
from groupseg.datasets.writer import write_captions
from stages.params import load_params
from stages.stage import run


def main(corpus: str) -> None:
    """Draws the captioned images of a corpus and writes them as shards."""
    source = load_params().corpora[corpus]
    images = scenes.captioned(source.scenes, source.images, source.seed)
    bar = tqdm(images, desc=f"captions {corpus}", total=source.images, unit="image", disable=None)
    write_captions(Path("data/captions") / corpus, bar)


if __name__ == "__main__":
    run(main)

"""Brings a data set into shards, whatever its layout: `python -m stages.prepare scenes20`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tqdm import tqdm

from groupseg.datasets import scenes
from groupseg.datasets.readers import READERS
from groupseg.datasets.sample import Sample
from groupseg.datasets.writer import write_samples
from groupseg.sources.tree import open_tree
from stages.params import FilesSource, ScenesSource, load_params
from stages.stage import run

# Of each split: how many images, and the images.
Splits = Mapping[str, tuple[int, Iterable[Sample]]]


def main(dataset: str) -> None:
    """Finds or draws the labelled images of a data set, checks them, and writes them as shards."""
    params = load_params()
    source = params.datasets[dataset].source
    if isinstance(source, ScenesSource):
        classes, background, splits = draw(source)
    else:
        classes, background, splits = find(source, Path(params.run.folder))
    samples = {
        split: tqdm(images, desc=f"prepare {dataset} {split}", total=count, unit="image", disable=None)
        for split, (count, images) in splits.items()
    }
    origin = {"dataset": dataset, "format": source.format}
    write_samples(Path("data/prepared") / dataset, classes, background, samples, origin)


def draw(source: ScenesSource) -> tuple[tuple[str, ...], bool, Splits]:
    """Draws scenes: their classes, that they have background, and their splits."""
    counts = {"calib": source.calib, "test": source.test}
    name, seed = source.scenes, source.seed
    splits = {split: (count, scenes.samples(name, split, count, seed)) for split, count in counts.items()}
    return tuple(scenes.class_names(name)), True, splits


def find(source: FilesSource, folder: Path) -> tuple[tuple[str, ...], bool, Splits]:
    """Finds files below `folder`: their classes, whether they have background, and their splits."""
    tree = open_tree(folder / source.path)
    files = READERS[source.format](tree, source.calib, source.seed, **source.options())
    splits = {split: (len(items), files.samples(split)) for split, items in files.splits.items()}
    return files.classes, files.background, splits


if __name__ == "__main__":
    run(main)

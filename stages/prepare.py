"""Brings a data set into shards, whatever its layout: `python -m stages.prepare scenes20`."""

from typing import Any

from tqdm import tqdm

from groupseg.datasets import scenes
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.readers import READERS
from groupseg.datasets.writer import write_files, write_samples
from groupseg.parallel import workers
from groupseg.sources.tree import Tree
from stages import paths
from stages.archives import dataset_tree
from stages.params import load_params
from stages.schema import FilesSource, ScenesSource
from stages.stage import run


def main(dataset: str) -> None:
    """Finds or draws the labelled images of a data set, checks them, and writes them as shards."""
    params = load_params()
    source = params.datasets[dataset].source
    if isinstance(source, ScenesSource):
        draw(source, dataset)
    else:
        write(find(source, dataset_tree(params, dataset)), source, dataset)


def draw(source: ScenesSource, dataset: str) -> None:
    """Draws scenes and writes them."""
    name, seed = source.scenes, source.seed
    splits = {
        split: tqdm(scenes.samples(name, split, images, seed), total=images, **_bar(f"{dataset} {split}"))
        for split, images in {"calib": source.calib, "test": source.test}.items()
    }
    write_samples(paths.prepared(dataset), scenes.class_names(name), True, splits, _origin(source, dataset))


def find(source: FilesSource, tree: Tree) -> LabelledFiles:
    """Finds the images of a data set; none is read yet."""
    return READERS[source.format](tree, source.calib, source.seed, **source.options())


def write(files: LabelledFiles, source: FilesSource, dataset: str) -> None:
    """Reads, checks and writes what was found, on all cores."""
    origin, folds = _origin(source, dataset), source.crossfit or 0
    with tqdm(total=sum(map(len, files.splits.values())), **_bar(dataset)) as bar:
        write_files(paths.prepared(dataset), files, origin, folds, workers(), bar.update)


def _origin(source: ScenesSource | FilesSource, dataset: str) -> dict[str, str]:
    return {"dataset": dataset, "format": source.format}


def _bar(what: str) -> dict[str, Any]:
    return {"desc": f"prepare {what}", "unit": "image", "disable": None}


if __name__ == "__main__":
    run(main)

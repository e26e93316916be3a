"""Brings a corpus of captioned images into shards, to train on: `python -m stages.captions scenes20`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from groupseg.datasets import scenes
from groupseg.datasets.captions.coco_captions import read_coco_captions
from groupseg.datasets.captions.corpus import CaptionedFiles
from groupseg.datasets.captions.webdataset_tars import read_webdataset
from groupseg.datasets.writer import write_captions, write_corpus
from groupseg.parallel import workers
from groupseg.sources.tree import Merged, open_tree
from stages import paths
from stages.archives import corpus_paths
from stages.params import load_params
from stages.schema import CocoCaptions, ScenesCorpus, WebdatasetCorpus
from stages.stage import run


def main(corpus: str) -> None:
    """Finds or draws the captioned images of a corpus, and writes them as shards."""
    params = load_params()
    source = params.corpora[corpus]
    if isinstance(source, ScenesCorpus):
        draw(source, corpus)
    else:
        write(find(source, corpus_paths(params, corpus)), source, corpus)


def draw(source: ScenesCorpus, corpus: str) -> None:
    """Draws scenes and writes them."""
    images = scenes.captioned(source.scenes, source.images, source.seed)
    write_captions(paths.CAPTIONS / corpus, tqdm(images, total=source.images, **_bar(corpus)))


def find(source: CocoCaptions | WebdatasetCorpus, files: Sequence[Path]) -> CaptionedFiles:
    """Finds the images of a corpus; none is read yet."""
    if isinstance(source, CocoCaptions):
        tree = Merged([open_tree(path) for path in files])
        return read_coco_captions(tree, source.annotations, source.images, source.seed)
    return read_webdataset(files, source.images)


def write(files: CaptionedFiles, source: CocoCaptions | WebdatasetCorpus, corpus: str) -> None:
    """Reads, checks and writes what was found, on all cores."""
    origin = {"corpus": corpus, "format": source.format}
    with tqdm(total=files.images, **_bar(corpus)) as bar:
        manifest = write_corpus(paths.CAPTIONS / corpus, files, origin, workers(), bar.update)
    if manifest["unusable"]:
        print(
            f"warning: {corpus}: {manifest['unusable']} images passed over, {manifest['images']} written. The first:"
            f" {manifest['reasons'][0]}",
            file=sys.stderr,
        )


def _bar(corpus: str) -> dict[str, Any]:
    return {"desc": f"captions {corpus}", "unit": "image", "disable": None}


if __name__ == "__main__":
    run(main)

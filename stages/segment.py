"""Segments the images of a data set, the only pass of the vision model: `python -m stages.segment scenes20`.

GROUPSEG_PROCESSES=4 shares them out among as many processes; so does torchrun, among those of several hosts too, which
then must see one file system. Equal images give equal bytes for any number of processes with as many threads each.
"""

import io
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm
from webdataset import TarWriter

from groupseg.check.forms import check_prepared
from groupseg.datasets.shards import read_crossfit, read_prepared_classes, read_share
from groupseg.errors import UserError
from groupseg.io.files import atomic_path, sha256
from groupseg.networks.registry import find_kind, load_network, load_text_tower
from groupseg.processes import ProcessRank, barrier, process_group
from groupseg.refine.settings import Refine
from groupseg.segments.build import Map, build_table
from groupseg.segments.join import is_own, join_items, join_tables
from groupseg.segments.score_table import build_score_table
from groupseg.segments.table import SegmentTable
from groupseg.text.prompts import class_words
from groupseg.text.queries import Queries, background_words, embed_queries
from stages import paths
from stages.params import load_params
from stages.schema import Params
from stages.stage import run

# `build_table` or `build_score_table` of a model.
Maker = Callable[..., SegmentTable]

# Where processes leave what the first one puts together.
SCRATCH = Path(".work/segment")

# The highest number in a picture of 16 bits.
_MOST = 2**16 - 1


def main(dataset: str) -> None:
    """Writes the segment table and the segment maps of both splits; they are the same where images are cross-fitted."""
    params = load_params()
    weights = paths.weights(params.run.model)
    check_prepared(paths.prepared(dataset))
    folds = read_crossfit(paths.prepared(dataset))
    with process_group() as process:
        make, how = maker(params, dataset)
        protocol = {
            "dataset": dataset, "model": params.run.model, "weights_sha256": sha256(weights), **how,
            **({"crossfit": str(folds)} if folds else {}),
            **({"embeddings": "float16"} if params.segment.embeddings == "float16" else {}),
        }  # fmt: skip
        for split in ("test",) if folds else ("calib", "test"):
            segment(make, dataset, split, {**protocol, "split": split}, process)
        if folds and process.rank == 0:
            calibrate_on(dataset)


def maker(params: Params, dataset: str) -> tuple[Maker, dict[str, str]]:
    """Returns what makes a segment table of images as the model wants it, and the protocol of that."""
    weights = paths.weights(params.run.model)
    refine = params.refinement(params.run.model)
    if params.segments == "scores":
        return of_pixels(params, dataset, refine)
    network = load_network(weights)
    return partial(build_table, network, refine=refine), network.protocol


def of_pixels(params: Params, dataset: str, refine: Refine) -> tuple[Maker, dict[str, str]]:
    """Returns the same for a model that has scores; what one imports, others do without."""
    weights = paths.weights(params.run.model)
    if find_kind(weights).name == "scores":
        from groupseg.networks.given.scores import load_given

        given = load_given(weights, read_prepared_classes(paths.prepared(dataset))[0], dataset, paths.prepared(dataset))
        return partial(build_score_table, given, steps=given.steps), given.protocol
    from groupseg.networks.clip.pixels import load_pixel_scores

    scores = load_pixel_scores(weights, queries(params, dataset), refine)
    return partial(build_score_table, lambda sample: scores(sample.image), steps=scores.steps), scores.protocol


def queries(params: Params, dataset: str) -> Queries:
    """Embeds the words of a data set and of its background by the text tower of the model."""
    prompts, (classes, _) = params.datasets[dataset].prompts, read_prepared_classes(paths.prepared(dataset))
    tower = load_text_tower(paths.weights(params.run.model))
    assert tower is not None  # every CLIP model has one
    words, background = class_words(classes, prompts.names), background_words(prompts.background)
    return embed_queries(tower, words, background, prompts.templates)


def segment(make: Maker, dataset: str, split: str, protocol: Mapping[str, str], process: ProcessRank) -> None:
    """Runs the network over a split; the first process writes what all of them have found."""
    out, scratch = paths.segments(dataset, split), SCRATCH / dataset / split
    if process.size == 1:
        segment_share(make, dataset, split, protocol, process, out)
        return
    shutil.rmtree(scratch / str(process.rank), ignore_errors=True)
    segment_share(make, dataset, split, protocol, process, scratch / str(process.rank))
    barrier()
    if process.rank == 0:
        join([scratch / str(rank) for rank in range(process.size)], out)
        shutil.rmtree(scratch)


def segment_share(
    make: Maker, dataset: str, split: str, protocol: Mapping[str, str], process: ProcessRank, out: Path
) -> None:
    """Runs the network over the images of this process, and writes nothing where none are left for it."""
    prepared = paths.prepared(dataset)
    classes, with_background = read_prepared_classes(prepared)
    samples = read_share(prepared, split, partial(is_own, rank=process.rank, size=process.size))
    first = list(islice(samples, 1))
    if process.rank > 0 and not first:
        return
    # Off for the others, else where there is no terminal.
    hidden = None if process.rank == 0 else True
    shown = tqdm(chain(first, samples), desc=f"segment {dataset} {split}", unit="image", disable=hidden)
    with map_writer(out) as maps:
        table = make(
            shown, classes, with_background, protocol, lambda key, segments: maps.write(map_file(key, segments))
        )
    table.save(out / "table.safetensors")


def calibrate_on(dataset: str) -> None:
    """Writes the test split again as the calib split."""
    table = SegmentTable.load(paths.table(dataset, "test"))
    replace(table, protocol={**table.protocol, "split": "calib"}).save(paths.table(dataset, "calib"))
    with atomic_path(paths.segments(dataset, "calib") / "maps.tar") as path:
        shutil.copyfile(paths.segments(dataset, "test") / "maps.tar", path)


def join(folders: Sequence[Path], out: Path) -> None:
    """Puts together what the processes have left."""
    used = [folder for folder in folders if folder.is_dir()]
    with map_writer(out) as maps:
        for member in join_items([read_maps(folder) for folder in used]):
            maps.write(member)
    join_tables([SegmentTable.load(folder / "table.safetensors") for folder in used]).save(out / "table.safetensors")


@contextmanager
def map_writer(out: Path) -> Iterator[TarWriter]:
    """Yields what writes the segment maps, as a webdataset shard."""
    with (
        atomic_path(out / "maps.tar") as path,
        TarWriter(str(path), encoder=False, mtime=0, user="groupseg", group="groupseg") as maps,
    ):
        yield maps


def read_maps(folder: Path) -> Iterator[dict[str, str | bytes]]:
    """Yields the members of the shard that `map_writer` wrote, as they were."""
    with tarfile.open(folder / "maps.tar") as tar:
        for member in tar:
            file = tar.extractfile(member)
            yield {"__key__": member.name.removesuffix(".png"), "png": file.read() if file else b""}


def map_file(key: str, segments: Map) -> dict[str, str | bytes]:
    """Puts a segment map into a lossless picture, as a member of a webdataset shard.

    Raises:
        UserError: If there are more segments than a picture can tell apart.
    """
    if segments.max() > _MOST:
        raise UserError(
            f"image {key!r} has {segments.max() + 1} segments, but a segment map can hold {_MOST + 1}. "
            "Lower `clusters` of the model (of pixels: `steps`), or choose another `frame.stride`, in params.yaml."
        )
    content = io.BytesIO()
    Image.fromarray(segments.astype(np.uint8 if segments.max() < 256 else np.uint16)).save(content, "PNG")
    return {"__key__": key, "png": content.getvalue()}


if __name__ == "__main__":
    run(main, shared=True)

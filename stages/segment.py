"""Segments the images of a data set, the only pass of the vision model: `python -m stages.segment scenes20`."""

import io
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm
from webdataset import TarWriter

from groupseg.datasets.crossfit import read_crossfit
from groupseg.datasets.shards import read_class_list, read_samples
from groupseg.files import atomic_path, sha256
from groupseg.model.groupvit import GroupViT
from groupseg.model.weights import load_model
from groupseg.segments.build import Map, build_table
from groupseg.segments.table import SegmentTable
from stages.params import load_params
from stages.stage import run


def main(dataset: str) -> None:
    """Writes the segment table and the segment maps of both splits; they are the same where images are cross-fitted."""
    params = load_params()
    weights = Path("models") / f"{params.run.model}.safetensors"
    architecture = params.models[params.run.model].architecture
    side = architecture.resolution
    model = load_model(weights, architecture)
    protocol = {
        "dataset": dataset, "model": params.run.model, "weights_sha256": sha256(weights),
        "resolution": f"{side}x{side}", "window": "whole",
    }  # fmt: skip
    if folds := read_crossfit(Path("data/prepared") / dataset):
        table = segment(model, dataset, "test", {**protocol, "split": "test", "crossfit": str(folds)})
        calibrate_on(table, dataset)
    else:
        for split in ("calib", "test"):
            segment(model, dataset, split, {**protocol, "split": split})


def segment(model: GroupViT, dataset: str, split: str, protocol: Mapping[str, str]) -> SegmentTable:
    """Runs the model over a split."""
    prepared, out = Path("data/prepared") / dataset, Path("data/segments") / dataset / split
    classes, with_background = read_class_list(prepared)
    samples = tqdm(read_samples(prepared, split), desc=f"segment {dataset} {split}", unit="image", disable=None)
    with (
        atomic_path(out / "maps.tar") as path,
        TarWriter(str(path), encoder=False, mtime=0, user="groupseg", group="groupseg") as maps,
    ):
        table = build_table(
            model,
            samples,
            classes,
            with_background,
            protocol,
            lambda key, segments: maps.write(map_file(key, segments)),
        )
    table.save(out / "table.safetensors")
    return table


def calibrate_on(table: SegmentTable, dataset: str) -> None:
    """Writes the test split again as the calib split."""
    folder = Path("data/segments") / dataset
    replace(table, protocol={**table.protocol, "split": "calib"}).save(folder / "calib/table.safetensors")
    with atomic_path(folder / "calib/maps.tar") as path:
        shutil.copyfile(folder / "test/maps.tar", path)


def map_file(key: str, segments: Map) -> dict[str, str | bytes]:
    """Puts a segment map into a lossless picture, as a member of a webdataset shard."""
    content = io.BytesIO()
    Image.fromarray(segments.astype(np.uint8 if segments.max() < 256 else np.uint16)).save(content, "PNG")
    return {"__key__": key, "png": content.getvalue()}


if __name__ == "__main__":
    run(main)

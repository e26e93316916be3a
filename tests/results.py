"""A small project with all that report and tracking read, made by the real stages from random segments."""

import atexit
import contextlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import csr_array

from groupseg.datasets.sample import Sample
from groupseg.datasets.writer import write_samples
from groupseg.io.files import write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.segments.table import SegmentTable
from groupseg.text.features import save_features
from stages import calibrate, evaluate, report, studies
from tests.stages.small import note_code
from tests.tables import histogram, unit

REPOSITORY = Path(__file__).parent.parent
DATASETS = {"alpha": "scenes", "beta": "folder"}
STRATEGIES = ("fixed", "global", "relative", "cosine")
BEST = "relative"
CLASSES = ("cat", "dog", "null", "hot air balloon")
LISTS = {"absent": ["oven", "sink", "raft"], "clip_es": ["sky", "Cat"], "sclip": ["wall", "sea", "road"]}
WIDTH, SEGMENTS = 16, 6


def build(root: Path, images: int = 8, seed: int = 0, reported: bool = False) -> Path:
    """Fills `root` with data/, results/, params.yaml, dvc.yaml, dvc.lock and README.md; returns it.

    What the stage `report` makes is there if `reported`: drawing takes longer than all else.
    """
    made = _reported if reported else _built
    shutil.copytree(made(images, seed), root, dirs_exist_ok=True)
    return root


def _folder() -> Path:
    root = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, root)
    return root


@cache
def _reported(images: int, seed: int) -> Path:
    """Builds a project with its report, once in a process, for others to be copied from."""
    root = build(_folder(), images, seed)
    with contextlib.chdir(root):
        report.main()
    return root


@cache
def _built(images: int, seed: int) -> Path:
    """Builds a project, once in a process, for others to be copied from."""
    root = _folder()
    shutil.copy(REPOSITORY / "dvc.yaml", root)
    (root / "params.yaml").write_text(json.dumps(_params()), encoding="utf-8")
    (root / "dvc.lock").write_text(json.dumps(_lock()), encoding="utf-8")
    (root / "README.md").write_text(
        "# Title\n\n<!-- results:start -->\n<!-- results:end -->\n\nEnd.\n", encoding="utf-8"
    )
    history = "\n".join(f"{step},{3 / step:.6f},{1 / step:.6f}" for step in range(1, 51))
    (root / "models").mkdir()
    (root / "models/scenes_small.csv").write_text(f"step,loss,caption\n{history}\n", encoding="utf-8")
    for stage in ("train@scenes_small", "evaluate@alpha", "evaluate@beta"):
        write_json(
            root / f".work/timings/{stage}.json",
            {"seconds": 61.5, "peak_mib": 300.0, "finished": "2024-01-01"},
        )
    # One process, since others take longer to start than all of the work.
    with contextlib.chdir(root), mock.patch.dict(os.environ, GROUPSEG_WORKERS="1"):
        note_code()
        for dataset, kind in DATASETS.items():
            _write_dataset(dataset, kind, images, np.random.default_rng([seed, len(dataset)]))
            calibrate.main(dataset)
            evaluate.main(dataset)
        for dataset in DATASETS:
            studies.main(dataset)
    return root


def _params() -> dict[str, object]:
    """The parameters of the repository, but for small data sets."""
    params = read_yaml(REPOSITORY / "params.yaml")
    scenes = {"format": "scenes", "scenes": "scenes20", "calib": 8, "test": 8, "seed": 0}
    sources = {"scenes": scenes, "folder": {"format": "folder", "path": ".", "calib": 8, "seed": 0}}
    prompts = {"templates": ["a {}."], "names": {"hot air balloon": "balloon (hot air)"}}
    rest = {"prompts": prompts, "baseline": "fixed"}
    params["datasets"] = {name: {"source": sources[kind], **rest} for name, kind in DATASETS.items()}
    params["run"] |= {"datasets": list(DATASETS), "strategies": list(STRATEGIES)}
    studies = {
        "learning": {"sizes": [2, 4], "draws": 2, "seed": 0},
        "vocabulary": {"strategies": ["fixed", "cosine"], "sizes": [2], "absent": [1], "draws": 2, "seed": 0},
    }
    evaluated = {"resamples": 50, "seed": 0, "best": BEST}
    return params | {"evaluate": evaluated, "studies": studies, "report": {"pictures": 4}}


def _lock() -> dict[str, object]:
    outs = {name: [{"path": f"data/prepared/{name}", "hash": "md5", "md5": f"{name:0<32}.dir"}] for name in DATASETS}
    return {
        "schema": "2.0",
        "stages": {f"prepare@{name}": {"cmd": "prepare", "outs": entry} for name, entry in outs.items()},
    }


def _write_dataset(name: str, kind: str, images: int, random: np.random.Generator) -> None:
    """Writes shards, class texts, segment tables and segment maps of both splits."""
    text = unit(random.normal(size=(len(CLASSES), WIDTH)))
    save_features(
        f"data/text/{name}.safetensors",
        {
            "classes": text,
            "ensemble": unit(text + 0.2 * random.normal(size=(2, *text.shape))),
            **{f"list.{list_}": unit(random.normal(size=(len(words), WIDTH))) for list_, words in LISTS.items()},
        },
        {
            "classes": CLASSES, "words": CLASSES, "encoder": "random", "templates": ["a {}."], "lists": LISTS,
            "ensemble": ["a {}.", "the {}."],
        },
    )  # fmt: skip
    splits = {split: [_sample(f"{split}-{index}", random) for index in range(images)] for split in ("calib", "test")}
    write_samples(
        Path("data/prepared") / name,
        CLASSES,
        True,
        {split: [sample for sample, _ in pairs] for split, pairs in splits.items()},
        {"dataset": name, "format": kind},
    )
    for split, pairs in splits.items():
        folder = Path("data/segments") / name / split
        _table(name, split, pairs, text, random).save(folder / "table.safetensors")
        _write_maps(folder / "maps.tar", pairs)


def _sample(key: str, random: np.random.Generator) -> tuple[Sample, NDArray[np.int64]]:
    """Draws an image of nearest-point segments, each of one class; some pixels are ignored."""
    height, width = random.integers(20, 40, 2)
    points = random.random((SEGMENTS, 2)) * (height, width)
    grid = np.stack(np.mgrid[:height, :width], axis=-1)[..., None, :]
    segments = np.square(grid - points).sum(axis=-1).argmin(axis=-1)
    # Segments are numbered without gaps, also where a point is nearest to no pixel.
    segments = np.unique(segments, return_inverse=True)[1].reshape(height, width)
    # The last class has no pixel at all.
    mask = random.integers(0, len(CLASSES), SEGMENTS)[segments]
    colour = random.integers(0, 255, (SEGMENTS, 3))[segments]
    mask[: height // 8] = 255
    return Sample(key, colour.astype(np.uint8), mask, key), segments


def _table(
    name: str,
    split: str,
    pairs: Sequence[tuple[Sample, NDArray[np.int64]]],
    text: NDArray[np.float32],
    random: np.random.Generator,
) -> SegmentTable:
    counts = [
        histogram(segments, sample.mask, segments.max() + 1, len(CLASSES)).toarray() for sample, segments in pairs
    ]
    pixels = np.concatenate(counts)
    towards = np.concatenate([np.zeros((1, WIDTH)), text])[pixels.argmax(axis=1)]
    image = np.repeat(np.arange(len(pairs), dtype=np.int32), [len(count) for count in counts])
    whole = [towards[image == row].mean(axis=0) + 0.1 for row in range(len(pairs))]
    return SegmentTable(
        image=image,
        embedding=unit(towards + 0.25 * random.normal(size=towards.shape)),
        area=np.concatenate([np.bincount(segments.ravel()) for _, segments in pairs]),
        histogram=csr_array(pixels),
        image_embedding=unit(np.stack(whole)),
        keys=tuple(sample.key for sample, _ in pairs),
        classes=CLASSES,
        text_mean=np.zeros(WIDTH, np.float32),
        scale=10.0,
        background=np.zeros((0, WIDTH), np.float32),
        with_background=True,
        protocol={"dataset": name, "split": split, "model": "scenes_small", "weights_sha256": "ab" * 32,
                  "resolution": "96x96", "window": "whole"},
    )  # fmt: skip


def _write_maps(path: Path, pairs: Sequence[tuple[Sample, NDArray[np.int64]]]) -> None:
    with tarfile.open(path, "w") as tar:
        for sample, segments in pairs:
            content = io.BytesIO()
            Image.fromarray(segments.astype(np.uint8)).save(content, "PNG")
            member = tarfile.TarInfo(f"{sample.key}.png")
            member.size = len(content.getvalue())
            content.seek(0)
            tar.addfile(member, content)

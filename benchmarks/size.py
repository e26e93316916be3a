"""Strategies on a table of real size: seconds and memory of each, and what `calibrate` and `evaluate` take.

    python -m benchmarks.size --images 5000 --segments 220 --classes 80
    python -m benchmarks.size --images 250 500 --classes 171 --only context learned

Draws a table of embeddings of 512 numbers, as a dense CLIP leaves them; no data set and no model is needed. Every
strategy of params.yaml that runs is fitted and predicts, each time in a process of its own. Memory is what that process
has for itself at its peak, beyond the table, which stays in its file (2 GB for 1,000,000 segments). For several numbers
of images, growth says by which power of their number time grows, and how much memory 1,000 images more want. Last, the
stages run on the largest table, cross-fitted in 5 folds. GROUPSEG_WORKERS says in how many processes.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from numpy.typing import NDArray
from scipy.sparse import csr_array

from groupseg.code import Code
from groupseg.io.files import read_json, write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.segments.table import SegmentTable
from groupseg.strategies.registry import load
from groupseg.text.features import save_features
from stages import paths
from stages.params import load_params
from stages.sources import of_stage
from stages.tables import read_table, read_vocabulary

DATASET, WIDTH, FOLDS = "coco_object", 512, 5
# Classes that an image holds, pixels of a segment, and seconds between two looks at the memory of a process.
HELD, PIXELS, PAUSE = 5, 1000, 0.05
# Where `os.times` has the seconds of processes that have ended: in user code, and in the system.
CHILDREN = (2, 3)


class Cost(NamedTuple):
    """What a process took: seconds of the work itself, those of all cores, and MiB for itself at its peak."""

    seconds: float
    of_cores: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[5000], help="numbers of images, ascending")
    parser.add_argument("--segments", type=int, default=220, help="segments of an image")
    parser.add_argument("--classes", type=int, default=80, help="number of classes, without background")
    parser.add_argument("--only", nargs="+", help="strategies, instead of all that run; then no stages")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        print(work(*args.work))
        return
    names = args.only or load_params().run.strategies
    costs: dict[tuple[str, str], list[Cost]] = {}
    for images in args.images:
        with project(images, args.segments, args.classes) as folder:
            size = sum(path.stat().st_size for path in folder.rglob("table.safetensors")) / 2**30
            print(f"{images} images x {args.segments} segments x {args.classes} classes: a table of {size:.2f} GiB")
            for name in names:
                for what in ("fit", "predict"):
                    cost = measured(folder, "benchmarks.size", "--work", what, name)
                    costs.setdefault((name, what), []).append(cost)
                fit, predict = (costs[name, what][-1] for what in ("fit", "predict"))
                print(f"{name:20s} fit {shown(fit)}   predict {shown(predict)}", flush=True)
            if not args.only and images == args.images[-1]:
                stages(folder)
    if len(args.images) > 1:
        growth(args.images, costs)


def work(what: str, name: str) -> float:
    """Fits a strategy and leaves its record, or predicts with it; returns the seconds that this took."""
    table = read_table(DATASET, "calib")
    vocabulary, _ = read_vocabulary(DATASET, table)
    path = Path(f"{name}.json")
    strategy = load_params().strategies[name] if what == "fit" else load(read_json(path))
    start = time.perf_counter()
    if what == "fit":
        write_json(path, strategy.fit(table, vocabulary).to_json())
    else:
        strategy.predict(table, vocabulary)
    return time.perf_counter() - start


def measured(folder: Path, *command: str) -> Cost:
    """Runs a module in a folder, and looks at the memory that it and its children have for themselves."""
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    run = [sys.executable, "-m", *command]
    start, before, peak = time.perf_counter(), os.times(), 0
    with subprocess.Popen(run, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, own_memory(watched))
            time.sleep(PAUSE)
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    seconds = float(output) if command[0] == "benchmarks.size" else time.perf_counter() - start
    after = os.times()
    of_cores = sum(after[kind] - before[kind] for kind in CHILDREN)
    return Cost(seconds, of_cores, peak / 2**20)


def own_memory(process: psutil.Process) -> int:
    """Bytes that a process and its children have in memory, without files that they have mapped."""
    total = 0
    try:
        for one in [process, *process.children(recursive=True)]:
            memory = one.memory_info()
            total += memory.rss - memory.shared
    except psutil.NoSuchProcess:  # it has just ended
        pass
    return total


def stages(folder: Path) -> None:
    """Runs the stages that fit and judge all strategies."""
    for stage in ("calibrate", "evaluate"):
        cost = measured(folder, f"stages.{stage}", DATASET)
        print(f"{stage:20s} {shown(cost)}, {FOLDS} folds; {cost.of_cores:.1f} s of all cores", flush=True)


def growth(images: list[int], costs: dict[tuple[str, str], list[Cost]]) -> None:
    """Prints how costs grow from the first number of images to the last."""
    more, ratio = (images[-1] - images[0]) / 1000, images[-1] / images[0]
    for (name, what), found in costs.items():
        power = math.log(found[-1].seconds / found[0].seconds) / math.log(ratio)
        memory = (found[-1].memory - found[0].memory) / more
        print(f"{name:20s} {what:8s} time grows by the power {power:.2f}, memory by {memory:.0f} MiB a 1,000 images")


def shown(cost: Cost) -> str:
    return f"{cost.seconds:8.1f} s {cost.memory:6.0f} MiB"


@contextmanager
def project(images: int, segments: int, classes: int) -> Iterator[Path]:
    """Makes a folder with all that `calibrate` and `evaluate` read."""
    with tempfile.TemporaryDirectory() as place:
        folder, random = Path(place), np.random.default_rng(0)
        params = read_yaml(Path("params.yaml"))
        params["run"] |= {"name": "size", "datasets": [DATASET]}
        (folder / "params.yaml").write_text(json.dumps(params))  # which is YAML too
        for stage, item in (("calibrate", None), ("evaluate", DATASET)):
            write_json(folder / paths.note(stage, item), of_stage(load_params(), stage, item, Code()))
        names = [f"class{row}" for row in range(classes)]
        text = unit(random.normal(size=(classes, WIDTH)))
        lists = {name: [f"{name}{row}" for row in range(25)] for name in ("sclip", "clip_es", "absent")}
        features = {
            "classes": text,
            "ensemble": unit(text + 0.02 * random.normal(size=(8, *text.shape))),
            **{f"list.{name}": unit(random.normal(size=(len(words), WIDTH))) for name, words in lists.items()},
        }
        about = {"classes": names, "words": names, "encoder": "drawn", "templates": ["{}"], "lists": lists}
        save_features(folder / paths.text(DATASET), features, about | {"ensemble": ["{}"] * 8})
        table = folder / paths.table(DATASET, "test")
        write_table(table, random, images, segments, text)
        calib = folder / paths.table(DATASET, "calib")
        calib.parent.mkdir()
        calib.symlink_to(table)
        yield folder


def write_table(path: Path, random: np.random.Generator, images: int, segments: int, text: NDArray[np.float32]) -> None:
    """Draws images of a few classes, half of their segments background, and writes their table."""
    classes, count = len(text), images * segments
    held = random.integers(1, classes + 1, (images, HELD))
    label = np.take_along_axis(held, random.integers(0, HELD, (images, segments)), axis=1)
    label = np.where(random.random(label.shape) < 0.5, 0, label).ravel()
    stray = random.integers(0, classes + 1, count)
    pixels = random.integers(1, PIXELS, (2, count)) // [[1], [5]]
    rows = np.tile(np.arange(count), 2), np.concatenate([label, stray])
    histogram = csr_array((pixels.ravel(), rows), shape=(count, classes + 1))
    towards = np.concatenate([np.zeros((1, WIDTH), dtype=np.float32), text])
    with tempfile.TemporaryFile() as file:  # the mapping outlives it
        embedding = np.memmap(file, np.float32, "w+", shape=(count, WIDTH))
    image_embedding = np.empty((images, WIDTH), dtype=np.float32)
    for image in range(images):
        own = slice(image * segments, (image + 1) * segments)
        scene = 0.5 * random.normal(size=WIDTH) / math.sqrt(WIDTH)
        strength = random.uniform(0.1, 0.5, (segments, 1))
        noise = random.normal(size=(segments, WIDTH), scale=1 / math.sqrt(WIDTH))
        embedding[own] = unit(strength * towards[label[own]] + scene + noise)
        image_embedding[image] = unit(embedding[own].mean(axis=0))
    SegmentTable(
        image=np.repeat(np.arange(images, dtype=np.int32), segments), embedding=embedding,
        area=np.asarray(histogram.sum(axis=1)), histogram=histogram, image_embedding=image_embedding,
        keys=tuple(f"image{row}" for row in range(images)), classes=tuple(f"class{row}" for row in range(classes)),
        text_mean=np.zeros(WIDTH, dtype=np.float32), scale=50.0, background=unit(random.normal(size=(8, WIDTH))),
        with_background=True,
        protocol={
            "dataset": DATASET, "split": "test", "model": "drawn", "weights_sha256": "0", "resolution": "none",
            "window": "none", "crossfit": str(FOLDS),
        },
    ).save(path)  # fmt: skip


def unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


if __name__ == "__main__":
    main()

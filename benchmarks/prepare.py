"""What preparing a data set costs beyond decoding it: images per second, and memory that does not grow.

    python -m benchmarks.prepare --images 1000 --processes 1 2

Draws images of 500 x 375 pixels with the spectrum of photographs, and masks, and lays them out as PASCAL VOC; no data
set is needed. Prepares them, and decodes the same files to arrays with Pillow and nothing else, by as many processes;
best of three, in turns, each in fresh processes, as what one leaves behind speeds up the other. Then prepares four
times as many, and compares the most memory that any process had. Exits with an error if a limit is passed: 0.8 of the
speed of decoding, 32 MiB more. All files lie in memory where there is such a folder, in which 1000 images take 0.8 GB:
what is measured are cores, not a disk.
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from groupseg.datasets.voc import read_voc
from groupseg.datasets.writer import write_files
from groupseg.parallel import in_order, workers
from groupseg.sources.tree import open_tree

WIDTH, HEIGHT, CLASSES, DRAWINGS, RUNS = 500, 375, 20, 16, 3
LEAST_RATIO, MOST_GROWTH = 0.8, 32
MEMORY = Path("/dev/shm")  # noqa: S108
SOME = 16  # files go to processes in packs of so many

Work = Callable[[Path, int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000, help="number of images")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="numbers of processes")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        few, many = Path(name, "few"), Path(name, "many")
        for folder, images in ((few, args.images), (many, 4 * args.images)):
            draw_data_set(folder, images)
        size = np.mean([path.stat().st_size for path in (few / "JPEGImages").iterdir()])
        print(f"{args.images} images of {WIDTH} x {HEIGHT} pixels, {size / 1000:.0f} kB each, with masks")
        ratios = [compare(few, args.images, processes) for processes in args.processes]
        peaks = [afresh(peak, prepare, folder, max(args.processes)) for folder in (few, many)]
    print(f"most memory of a process: {peaks[0]:.0f} MiB; with {4 * args.images} images {peaks[1]:.0f} MiB")
    if min(ratios) < LEAST_RATIO:
        raise SystemExit(f"Expected {LEAST_RATIO} of the speed of decoding at least, but it was {min(ratios):.3g}.")
    if peaks[1] - peaks[0] > MOST_GROWTH:
        raise SystemExit(f"Expected memory not to grow, but it grew by {peaks[1] - peaks[0]:.0f} MiB.")


def compare(folder: Path, images: int, processes: int) -> float:
    """Prints the speed of both, and returns how much of that of decoding is left."""
    seconds: dict[Work, float] = {decode: float("inf"), prepare: float("inf")}
    for _ in range(RUNS):
        for work in seconds:
            shutil.rmtree(folder.with_name("prepared"), ignore_errors=True)
            seconds[work] = min(seconds[work], afresh(timed, work, folder, processes))
    ratio = seconds[decode] / seconds[prepare]
    speeds = {work: images / best for work, best in seconds.items()}
    print(
        f"{processes} processes: {speeds[prepare]:.0f} images/s prepared, {speeds[decode]:.0f} decoded by Pillow alone,"
        f" ratio {ratio:.3g}"
    )
    return ratio


def prepare(folder: Path, processes: int) -> None:
    """Does what the stage does."""
    images = sum(1 for _ in (folder / "JPEGImages").iterdir())
    files = read_voc(open_tree(folder), calib=(images + 1) // 2, seed=0)  # all of train.txt
    origin = {"dataset": "drawn", "format": "voc"}
    write_files(folder.with_name("prepared"), files, origin, processes=processes)


def decode(folder: Path, processes: int) -> None:
    """Turns the same files into arrays."""
    paths = [path for part in ("JPEGImages", "SegmentationClass") for path in sorted((folder / part).iterdir())]
    if processes == 1:
        decode_some(paths)
        return
    with ProcessPoolExecutor(processes, get_context("fork")) as pool:
        for _ in pool.map(decode_some, [paths[start : start + SOME] for start in range(0, len(paths), SOME)]):
            pass


def decode_some(paths: list[Path]) -> None:
    for path in paths:
        np.asarray(Image.open(path))


def afresh(measure: Callable[[Work, Path, int], float], work: Work, folder: Path, processes: int) -> float:
    """Measures in a fresh process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(measure, work, folder, processes).result()


def timed(work: Work, folder: Path, processes: int) -> float:
    """Returns the seconds that `work` takes."""
    start = time.perf_counter()
    work(folder, processes)
    return time.perf_counter() - start


def peak(work: Work, folder: Path, processes: int) -> float:
    """Returns the most memory in MiB that `work` has in any of its processes."""
    work(folder, processes)
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 if sys.platform == "linux" else 1024**2
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit


def draw_data_set(folder: Path, images: int) -> None:
    """Draws images and masks in the layout of PASCAL VOC: half of them in train.txt, half in val.txt."""
    for part in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (folder / part).mkdir(parents=True)
    names = list(in_order(partial(draw_image, folder), range(images), workers()))
    for split, part in (("train", names[::2]), ("val", names[1::2])):
        (folder / f"ImageSets/Segmentation/{split}.txt").write_text("\n".join(part) + "\n")


def draw_image(folder: Path, index: int) -> str:
    """Saves one of a few drawings, moved to where no other image has it; returns its name."""
    random, name = np.random.default_rng(index), f"{index:06d}"
    # 7919 is prime: no two images of a drawing are moved alike, as the same picture in two splits is refused.
    shift = divmod(7919 * (index // DRAWINGS) % (HEIGHT * WIDTH), WIDTH)
    image, mask = (np.roll(pixels, shift, axis=(0, 1)) for pixels in drawing(index % DRAWINGS))
    Image.fromarray(image).save(folder / f"JPEGImages/{name}.jpg", quality=90)
    palette = Image.fromarray(mask).convert("P")
    palette.putpalette(random.integers(0, 256, 768, np.uint8).tobytes())
    palette.save(folder / f"SegmentationClass/{name}.png")
    return name


@cache
def drawing(index: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws an image, uint8 [HEIGHT, WIDTH, 3], and a mask, uint8 [HEIGHT, WIDTH]."""
    random = np.random.default_rng([index, 1])
    image = np.full((HEIGHT, WIDTH, 3), 128, np.float32)
    # In photographs power falls with the square of frequency: each octave has the same share of the contrast.
    for cell in (256, 128, 64, 32, 16, 8, 4, 2):
        coarse = random.integers(0, 64, (HEIGHT // cell + 2, WIDTH // cell + 2, 3), np.uint8)
        fine = Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        image += np.asarray(fine, np.float32) - 32
    return image.clip(0, 255).astype(np.uint8), draw_mask(random)


def draw_mask(random: np.random.Generator) -> np.ndarray:
    """Draws three ellipses with a rim that is ignored."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for _ in range(3):
        top, left = random.uniform(0, HEIGHT), random.uniform(0, WIDTH)
        high, wide = random.uniform(30, 150, 2)
        distance = np.hypot((rows - top) / high, (columns - left) / wide)
        mask[distance < 1] = 255
        mask[distance < 0.95] = random.integers(1, CLASSES + 1)
    return mask


if __name__ == "__main__":
    main()

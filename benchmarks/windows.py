"""What windows cost, and what it changes that labels are brought to the size of an image by the nearest pixel.

    python -m benchmarks.windows --images 50

Draws smooth pictures of a few sizes and reads them as the release of GroupViT does: short side 448, windows of 448 at a
distance of 224. The network is drawn too: 8 groups a window, by smooth functions of its pixels. Prints the milliseconds
an image takes outside the network, by part, and how many pixels get another label than by the release, which brings the
mean scores of the windows to the size of the image bilinearly, and labels pixels then.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.datasets.sample import Sample
from groupseg.networks.frame import Windows
from groupseg.networks.protocol import WindowSegments
from groupseg.segments import build
from groupseg.segments.build import build_table
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.fixed import Fixed

GROUPS, CLASSES, WIDTH, PATCH = 8, 20, 256, 16
SIZES = [(375, 500), (500, 333), (480, 640), (281, 500)]


class Drawn:
    """A network whose groups are smooth functions of pixels, so that overlapping windows mostly agree."""

    def __init__(self, text: NDArray[np.float32]) -> None:
        random = torch.Generator().manual_seed(0)
        self.frame = Windows(short=448, long=2048, crop=448, stride=224, patch=PATCH)
        self.protocol = self.frame.protocol()
        self.text_mean = np.zeros(WIDTH, dtype=np.float32)
        self.scale = 14.0
        self.background: NDArray[np.float32] = np.zeros((0, WIDTH), dtype=np.float32)
        self.seconds = 0.0
        self._look = 8 * torch.randn(GROUPS, 3, generator=random)
        # Near to a class each, some nearer than others, and moved a little by what is in the window.
        near = torch.tensor(text)[torch.randint(0, CLASSES, (GROUPS,), generator=random)]
        apart = torch.linspace(0.03, 0.15, GROUPS)[:, None]
        self._lean = near + apart * torch.randn(GROUPS, WIDTH, generator=random)
        self._say = 0.3 * torch.randn(GROUPS, WIDTH, 3, generator=random)

    def __call__(self, images: Tensor) -> WindowSegments:
        """Groups windows, uint8 [B, 3, h, w]."""
        started = time.perf_counter()
        pixels = images.float() / 255 - 0.5
        cells = F.avg_pool2d(pixels, PATCH)
        masks = torch.einsum("gc,bchw->bghw", self._look, cells).softmax(dim=1)
        mean = pixels.mean(dim=(2, 3))
        embedding = F.normalize(self._lean + torch.einsum("gdc,bc->bgd", self._say, mean), dim=2)
        self.seconds += time.perf_counter() - started
        return WindowSegments(embedding, F.normalize(embedding.mean(dim=1), dim=1), masks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=50, help="number of images")
    args = parser.parse_args()

    text = unit(np.random.default_rng(0).normal(size=(CLASSES, WIDTH)))
    classes = tuple(f"class{label}" for label in range(CLASSES))
    vocabulary = Vocabulary(classes, classes, text, text[None], {})
    network, samples = Drawn(text), [draw(number) for number in range(args.images)]
    maps: dict[str, NDArray[np.intp]] = {}
    with timed_parts() as parts:
        started = time.perf_counter()
        table = build_table(network, samples, classes, True, {}, maps.__setitem__)
        total = time.perf_counter() - started - network.seconds
    assert table.parts is not None
    windows, segments = len(table.parts.window_image) / args.images, len(table.image) / args.images
    print(f"{args.images} images, {windows:.2g} windows and {segments:.3g} segments an image")
    print(f"{1e3 * total / args.images:.3g} ms an image outside the network: {said(parts, total, args.images)}")

    first = np.searchsorted(table.image, np.arange(args.images))
    for threshold in (0.35, 0.95):
        labels = Fixed(threshold=threshold, per_window=True).predict(table, vocabulary)
        different, background = [], []
        for row, sample in enumerate(samples):
            found = labels[first[row] + maps[sample.key]]
            different.append((found != released(network, sample.image, text, threshold)).mean())
            background.append((found == 0).mean())
        print(
            f"threshold {threshold}: {np.mean(different):.2%} of the pixels get another label than by the release, "
            f"{np.max(different):.2%} in the worst image; {np.mean(background):.0%} are background"
        )


def draw(number: int) -> Sample:
    """A picture of smooth blobs, with random labels."""
    random = torch.Generator().manual_seed(number)
    size = SIZES[number % len(SIZES)]
    coarse = torch.rand(1, 3, 8, 8, generator=random)
    smooth = F.interpolate(coarse, size=size, mode="bicubic", align_corners=False)[0].clamp(0, 1)
    image = (255 * smooth).permute(1, 2, 0).round().to(torch.uint8).numpy()
    mask = np.random.default_rng(number).integers(0, CLASSES + 1, size, dtype=np.int32)
    return Sample(f"{number}", image, mask, f"{number}")


def released(
    network: Drawn, image: NDArray[np.uint8], text: NDArray[np.float32], threshold: float
) -> NDArray[np.int64]:
    """Label map as the release computes it, the interpolation of the mean scores included."""
    views = network.frame.views(image)
    total, count = torch.zeros(1 + CLASSES, *views.canvas), torch.zeros(views.canvas)
    for window, box in zip(views.windows, views.boxes, strict=True):
        embedding, whole, masks = (part[0] for part in network(window[None]))
        affinity = network.scale * embedding @ torch.tensor(text).T
        top = (whole @ torch.tensor(text).T).topk(5).indices
        masked = torch.full_like(affinity, -torch.inf)
        masked[:, top] = affinity[:, top]
        scores = masked.softmax(dim=1) * affinity.softmax(dim=1)
        best = scores.max(dim=1).values
        logits = torch.cat([(best < min(threshold, float(best.max())))[:, None].float(), scores], dim=1)
        owner = F.interpolate(masks[None], size=box.size, mode="bilinear", align_corners=False)[0].argmax(dim=0)
        total[:, box.top : box.bottom, box.left : box.right] += logits[owner].permute(2, 0, 1)
        count[box.top : box.bottom, box.left : box.right] += 1
    mean = F.interpolate((total / count)[None], size=image.shape[:2], mode="bilinear", align_corners=False)
    return mean[0].argmax(dim=0).numpy()


@contextmanager
def timed_parts() -> Iterator[Mapping[str, float]]:
    """Counts the seconds of the parts of `build_table` while the block runs."""
    seconds: dict[str, float] = defaultdict(float)
    parts = {"masks to full size": "hard_map", "overlay": "overlay", "to the image": "nearest", "labels": "histogram"}
    kept = {name: getattr(build, name) for name in parts.values()}

    def timed(label: str, name: str) -> Callable[..., object]:
        def run(*args: object) -> object:
            started = time.perf_counter()
            result = kept[name](*args)
            seconds[label] += time.perf_counter() - started
            return result

        return run

    for label, name in parts.items():
        setattr(build, name, timed(label, name))
    try:
        yield seconds
    finally:
        for name, function in kept.items():
            setattr(build, name, function)


def said(parts: Mapping[str, float], total: float, images: int) -> str:
    rest = {**parts, "resizing and the rest": total - sum(parts.values())}
    return ", ".join(f"{name} {1e3 * seconds / images:.2g}" for name, seconds in rest.items())


def unit(array: NDArray[np.float64]) -> NDArray[np.float32]:
    return (array / np.linalg.norm(array, axis=-1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main()

"""What SCLIP, ClearCLIP, NACLIP and TCL do, written down again step by step."""

import zlib
from functools import cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.clip.dense import DenseTower

Labels = NDArray[np.int64]

# As large a space as CLIP's, for cosines of random vectors to be as small.
WIDTH = 512
EIGHTY = [template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES]
SCLIP_BACKGROUND = (
    "sky, wall, tree, wood, grass, road, sea, river, mountain, sands, desk, bed, building, cloud, lamp, door, window, "
    "wardrobe, ceiling, shelf, curtain, stair, floor, hill, rail, fence"
)
CLOTHES = ("shirt", "jeans", "dress", "sweater", "skirt", "jacket")
PERSON = ", ".join(["person", *(f"person in {one}" for one in CLOTHES)])
SCREEN = "television monitor, tv monitor, monitor, television, screen"
# model, data set, strategy; list of classes, other words of classes, words of the background; short side, window (None:
# whole), stride, scale, threshold, area rule, and dilations of PAMR.
CASES: list[tuple[Any, ...]] = [
    ("sclip_voc", "voc_sclip", "sclip", "voc",
     {"boat": "ship", "diningtable": "table", "person": PERSON, "tvmonitor": SCREEN}, SCLIP_BACKGROUND,
     336, 224, 112, 65, 0.1, 0.1, []),
    ("sclip_context", "context_sclip", "sclip", "context", {}, "background", 336, 224, 112, 50, 0.1, None, []),
    ("sclip_coco_object", "coco_object_sclip", "sclip", "coco_object", {"person": f"{PERSON}, body"},
     SCLIP_BACKGROUND, 336, 224, 112, 50, 0.1, None, []),
    ("clearclip", "voc_clearclip", "clearclip_voc", "voc", {"boat": "ship", "diningtable": "table"}, "background",
     448, 448, 224, 50, 0.5, None, []),
    ("clearclip", "context_clearclip", "clearclip_context", "context", {}, "background",
     448, 448, 224, 50, 0.15, None, []),
    ("clearclip", "coco_object_clearclip", "clearclip_coco", "coco_object", {}, "background",
     448, 448, 224, 50, 0.4, None, []),
    ("naclip_voc", "voc_sclip", "naclip", "voc",
     {"boat": "ship", "diningtable": "table", "person": PERSON, "tvmonitor": SCREEN}, SCLIP_BACKGROUND,
     336, None, 0, 40, 0.1, None, [8, 16]),
    ("naclip", "context_sclip", "naclip", "context", {}, "background", 336, 224, 112, 40, 0.1, None, [8, 16]),
    ("naclip", "coco_object_sclip", "naclip", "coco_object", {"person": f"{PERSON}, body"}, SCLIP_BACKGROUND,
     336, 224, 112, 40, 0.1, None, [8, 16]),
]  # fmt: skip


@cache
def direction(text: str) -> NDArray[np.float64]:
    vector = np.random.default_rng(zlib.crc32(text.encode())).normal(size=WIDTH)
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


def step_by_step(
    tower: DenseTower, words: list[list[str]], image: NDArray[np.uint8], short: int, window: int | None, stride: int,
    scale: float, threshold: float, area: float | None, dilations: list[int],
) -> Labels:  # fmt: skip
    """The label of each pixel, [H, W], as the papers and their code describe it; words of the background come first."""
    height, width = image.shape[:2]
    factor = min(short / min(height, width), 2048 / max(height, width))
    canvas = int(height * factor + 0.5), int(width * factor + 0.5)
    pixels = torch.from_numpy(cv2.resize(image, canvas[::-1], interpolation=cv2.INTER_LINEAR)).permute(2, 0, 1)
    flat = [word for group in words for word in group]
    mean = [np.mean([direction(template.format(word)) for template in EIGHTY], axis=0) for word in flat]
    text = torch.tensor(np.stack([vector / np.linalg.norm(vector) for vector in mean]))

    def cosines(part: Tensor, size: tuple[int, int]) -> Tensor:
        """Patches that fit in, the rest left out; all windows of more than a patch here do."""
        rows, columns = part.shape[1] // 16, part.shape[2] // 16
        seen = tower(part[None, :, : rows * 16, : columns * 16]).patches[0]
        grid = (seen.detach().double() @ text.T).permute(2, 0, 1)[None]
        return F.interpolate(grid, size=size, mode="bilinear", align_corners=False)[0]

    if window is None:
        found = cosines(pixels, (height, width))
    else:
        total, count = torch.zeros(len(flat), *canvas, dtype=torch.float64), torch.zeros(canvas, dtype=torch.float64)
        for top in range(0, max(canvas[0] - window + stride - 1, 0) // stride * stride + 1, stride):
            for left in range(0, max(canvas[1] - window + stride - 1, 0) // stride * stride + 1, stride):
                bottom, right = min(top + window, canvas[0]), min(left + window, canvas[1])
                place = slice(max(bottom - window, 0), bottom), slice(max(right - window, 0), right)
                part = pixels[:, place[0], place[1]]
                total[:, place[0], place[1]] += cosines(part, (part.shape[1], part.shape[2]))
                count[place] += 1
        found = F.interpolate((total / count)[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    if dilations:
        found = pamr(found, pixels.double()[None] / 255, dilations)
    shares = (scale * found).softmax(dim=0).numpy()
    ends = np.cumsum([0, *map(len, words)])
    scores = np.stack([shares[first:end].max(axis=0) for first, end in pairwise(ends)])
    if area is not None:
        owner = scores.argmax(axis=0)
        sizes = [int((owner == label).sum()) for label in range(len(scores))]
        for label in range(1, len(scores)):
            if sizes[label] <= area * sum(sizes[1:]):
                scores[label] = 0
    labels: Labels = scores.argmax(axis=0)
    labels[scores.max(axis=0) < threshold] = 0
    return labels


def pamr(masks: Tensor, read: Tensor, dilations: list[int]) -> Tensor:
    """Ten steps of PAMR by shifting whole planes, [K, H, W], by the colours of what was read, [1, 3, h, w] in 0..1."""
    image = F.interpolate(read, size=masks.shape[1:], mode="bilinear", align_corners=False)[0]
    _, height, width = image.shape

    def shifted(planes: Tensor, down: int, right: int) -> Tensor:
        rows = (torch.arange(height) + down).clamp(0, height - 1)
        columns = (torch.arange(width) + right).clamp(0, width - 1)
        return planes[:, rows][:, :, columns]

    steps = [(y * far, x * far) for far in dilations for y in (-1, 0, 1) for x in (-1, 0, 1)]
    beside = [step for step in steps if step != (0, 0)]
    deviation = torch.stack([shifted(image, *step) for step in steps]).std(dim=0)
    affinity = [(-(image - shifted(image, *step)).abs() / (1e-8 + 0.1 * deviation)).mean(dim=0) for step in beside]
    weights = torch.stack(affinity).softmax(dim=0)
    for _ in range(10):
        mixed = torch.zeros_like(masks)
        for weight, step in zip(weights, beside, strict=True):
            mixed += weight * shifted(masks, *step)
        masks = mixed
    return masks


def by_sigmoids(tower: DenseTower, text: Tensor, image: NDArray[np.uint8]) -> Labels:
    """The label of each pixel, [H, W], as the code of TCL decides it for the embedding of CLIP that it mixes in."""
    factor = 448 / min(image.shape[:2])
    height, width = (int(side * factor + 0.5) for side in image.shape[:2])
    pixels = torch.from_numpy(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)).permute(2, 0, 1)
    total = torch.zeros(1, 2 + len(text), height, width, dtype=torch.float64)
    for row in range(-(-(height - 448) // 224) + 1):
        for column in range(-(-(width - 448) // 224) + 1):
            bottom, right = min(row * 224 + 448, height), min(column * 224 + 448, width)
            place = slice(bottom - 448, bottom), slice(right - 448, right)
            seen = tower(pixels[None, :, place[0], place[1]]).patches.double()
            masks = torch.sigmoid((torch.einsum("bhwd,nd->bnhw", seen, text.double()) - 0.25) * 10)
            masks = F.interpolate(masks, size=(448, 448), mode="bilinear")
            logits = torch.cat([torch.full((1, 1, 448, 448), 0.5), masks], dim=1)
            padding = (place[1].start, width - right, place[0].start, height - bottom)
            total += F.pad(torch.cat([logits, torch.ones(1, 1, 448, 448)], dim=1), padding)
    full = F.interpolate(total[:, :-1] / total[:, -1:], size=image.shape[:2], mode="bilinear")
    found: Labels = full.softmax(dim=1).argmax(dim=1)[0].numpy()
    return found

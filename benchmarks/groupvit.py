"""GroupViT in its published shape against transformers' GroupViT: images a second, and memory.

    python -m benchmarks.groupvit --side 448 --batches 1 2 4 8 16 --rounds 5

Random weights; no download is needed. Both read the same images, bring the soft masks of 8 groups to the size of the
image, give each pixel to the strongest and score the groups against 20 classes by the official rule. transformers is
run through its inner modules, for its own forward refuses all but 224 x 224. Each has the batch size that is fastest
for it. All are timed in turns in one process, and the most memory is that of fresh processes which have loaded the same
libraries. bfloat16 is left out where the hardware does not compute in it. Exits with an error if the label maps differ.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import GroupViTConfig, GroupViTModel
from transformers.utils.logging import disable_progress_bar

from groupseg.networks.base import Precision
from groupseg.networks.device import device
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import PUBLISHED
from groupseg.networks.groupvit.network import load_groupvit_network, normalise_as_imagenet
from groupseg.networks.groupvit.weights import GroupViTMetadata, convert_groupvit, save_groupvit

CLASSES, TOP = 20, 5
# Multiplications and additions of the image tower for one image of 448 x 448.
GFLOP = 27.4
# Where two float32 implementations round differently, a pixel between two groups may change sides.
MOST_DIFFERENT = 1e-3

Segmenter = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]


class Way(NamedTuple):
    """Whose implementation, and in which precision."""

    whose: str
    dtype: torch.dtype

    def __str__(self) -> str:
        """As it is printed."""
        return f"{self.whose} {name_of(self.dtype)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=448, help="side of the images in pixels")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16], help="batch sizes to try")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed; the fastest counts")
    args = parser.parse_args()

    where = device()
    disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder)
        draw_weights(weights)
        ways = [Way(whose, dtype) for dtype in precisions(where) for whose in ("transformers", "groupseg")]
        segmenters = {way: load(way, weights) for way in ways}
        images = draw_images(max(args.batches), args.side)
        print(f"{where}, {torch.get_num_threads()} threads, {args.side} x {args.side} pixels, published shape")
        compare(segmenters, images[:4])
        speeds = race(segmenters, images, args.batches, args.rounds)
        peaks = {dtype: matmul_peak(dtype, where) for dtype in precisions(where)}
        del segmenters
        base = max(speeds[ways[0]].values())
        for way in ways:
            batch, speed = max(speeds[way].items(), key=lambda entry: entry[1])
            share = speed * GFLOP * (args.side / 448) ** 2 / peaks[way.dtype]
            memory = peak_memory(way, weights, batch, args.side)
            print(
                f"{way}: {speed:.3g} images/s in batches of {batch}, {speed / base:.3g} times as many as {ways[0]}; "
                f"{share:.0%} of the {peaks[way.dtype]:.0f} GFLOP/s of a matrix product; at most {memory:.0f} MiB"
            )


def draw_weights(folder: Path) -> None:
    """Draws weights with which patches choose their groups clearly, as trained ones do; writes them for both sides."""
    torch.manual_seed(0)
    model = GroupViTModel(GroupViTConfig())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "group_token" in name or "position" in name:
                parameter.normal_(0, 0.5)
            if name.endswith("assign.q_proj.weight"):
                parameter.mul_(20)
    model.save_pretrained(folder)
    published = folder / "model.safetensors"
    # In one go, as ours are written: what comes tensor by tensor is mapped into memory in smaller pieces.
    published.write_bytes(published.read_bytes())
    state = convert_groupvit(published, PUBLISHED)
    frame = Windows(short=448, long=2048, crop=448, stride=224, patch=16)
    for precision in get_args(Precision):
        about = GroupViTMetadata(architecture=PUBLISHED, frame=frame, precision=precision)
        save_groupvit(state, about, folder / f"{precision}.groupseg.safetensors")


def precisions(where: torch.device) -> list[torch.dtype]:
    """Lists float32, and bfloat16 where the hardware multiplies in it."""
    if where.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return [torch.float32, torch.bfloat16] if fast else [torch.float32]


def load(way: Way, folder: Path) -> Segmenter:
    """Loads an implementation: uint8 [B, 3, H, W] to groups [B, 8, D], images [B, D] and soft masks [B, 8, h, w]."""
    if way.whose == "groupseg":
        return load_groupvit_network(folder / f"{name_of(way.dtype)}.groupseg.safetensors")
    theirs = GroupViTModel.from_pretrained(folder).eval().to(device())
    return lambda images: by_transformers(theirs, images, way.dtype)


def name_of(dtype: torch.dtype) -> str:
    """Such as "float32"."""
    return str(dtype).removeprefix("torch.")


@torch.inference_mode()
def by_transformers(model: GroupViTModel, images: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """The same through the inner modules of transformers."""
    inner, where = model.vision_model, device()
    with torch.autocast(where.type, dtype, enabled=dtype != torch.float32):
        hidden = inner.embeddings(normalise_as_imagenet(images.to(where)), interpolate_pos_encoding=True)
        encoded = inner.encoder(hidden, output_attentions=True)
        tokens = inner.layernorm(encoded.last_hidden_state)
        both = torch.cat([tokens, tokens.mean(dim=1, keepdim=True)], dim=1)
        vectors = F.normalize(model.visual_projection(both.flatten(0, 1)).unflatten(0, both.shape[:2]).float(), dim=2)
        first, second = (attention.float() for attention in encoded.attentions)
    rows = images.shape[2] // 16
    return vectors[:, :-1], vectors[:, -1], (second @ first).unflatten(2, (rows, -1))


@torch.inference_mode()
def segment(segmenter: Segmenter, images: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the group of each pixel, int64 [B, H, W], and the scores of the groups, float32 [B, 8, CLASSES]."""
    groups, whole, masks = segmenter(images)
    text = F.normalize(torch.randn(CLASSES, groups.shape[2], generator=torch.Generator().manual_seed(0)), dim=1)
    text = text.to(groups.device)
    logits, nearness = 100 * groups @ text.T, whole @ text.T
    others = torch.ones_like(nearness, dtype=torch.bool).scatter_(1, nearness.topk(TOP).indices, False)
    scores = logits.softmax(dim=2) * logits.masked_fill(others[:, None], float("-inf")).softmax(dim=2)
    full = F.interpolate(masks, size=images.shape[2:], mode="bilinear", align_corners=False)
    return full.argmax(dim=1), scores


def compare(segmenters: dict[Way, Segmenter], images: Tensor) -> None:
    """Prints how far the label maps agree; ends with an error if those in float32 do not."""
    (first, reference), *others = ((way, segment(segmenter, images)[0]) for way, segmenter in segmenters.items())
    for way, found in others:
        different = (found != reference).float().mean().item()
        print(f"{way}: {1 - different:.4%} of the pixels in the group that {first} puts them in")
        if way.dtype == torch.float32 and different > MOST_DIFFERENT:
            raise SystemExit(f"Expected at most {MOST_DIFFERENT:.1%} of the pixels to differ.")


def race(
    segmenters: dict[Way, Segmenter], images: Tensor, batches: Sequence[int], rounds: int
) -> dict[Way, dict[int, float]]:
    """Times all in turns; returns images a second by batch size, of the fastest round."""
    speeds: dict[Way, dict[int, float]] = {way: dict.fromkeys(batches, 0.0) for way in segmenters}
    for turn in range(rounds + 1):
        for batch in batches:
            for way, segmenter in segmenters.items():
                seconds = timed(segmenter, images[:batch])
                if turn:  # the first round pays for what later ones find ready
                    speeds[way][batch] = max(speeds[way][batch], batch / seconds)
    return speeds


def timed(segmenter: Segmenter, images: Tensor) -> float:
    """Returns the seconds until the results of a batch are there."""
    start = time.perf_counter()
    segment(segmenter, images)
    if device().type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def matmul_peak(dtype: torch.dtype, where: torch.device, rounds: int = 10) -> float:
    """Measures the fastest product of two large matrices, in GFLOP/s."""
    size = 8192 if where.type == "cuda" else 2048
    a, b = (torch.randn(size, size, device=where, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        (a @ b)[0, 0].item()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


def peak_memory(way: Way, weights: Path, batch: int, side: int) -> float:
    """Returns the most memory that a fresh process has for a batch, MiB; on a GPU the most memory there."""
    # A fresh process for each: the most memory that a process ever had is all that can be asked for.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (way, weights, batch, side))


def _peak(way: Way, weights: Path, batch: int, side: int) -> float:
    disable_progress_bar()
    segment(load(way, weights), draw_images(batch, side))
    if device().type == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    if sys.platform == "linux":  # whose getrusage counts what the process that started this one had
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def draw_images(count: int, side: int) -> Tensor:
    """Draws images with large shapes in them, uint8 [count, 3, side, side]."""
    coarse = torch.rand(count, 3, 7, 7, generator=torch.Generator().manual_seed(1))
    return (255 * F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)).to(torch.uint8)


if __name__ == "__main__":
    main()

"""What refined masks cost: seconds beside the pass of the network, and memory.

    python -m benchmarks.refine --rounds 7

Networks with random weights: `scenes_small` of params.yaml, which reads 96 x 96 and has 12 groups, and GroupViT as
published in windows of 448 x 448, with 8 groups. Refined are random masks on pictures of blobs; to bring masks to the
size of a window and to find the strongest counts too. Pass and refinements are timed in turns in one process; the
fastest round of each counts. Memory is what a fresh process takes for the masks of one window. Exits with an error
where refining takes more than its share of the pass.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.device import device
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import PUBLISHED
from groupseg.networks.groupvit.model import GroupViT as PublishedGroupViT
from groupseg.networks.groupvit.network import GroupViTNetwork
from groupseg.networks.protocol import Network
from groupseg.networks.scenes.model import SceneModel
from groupseg.networks.scenes.network import SceneNetwork
from groupseg.refine.masks import refinement
from groupseg.refine.settings import Guided, Pamr, Refine
from groupseg.segments.build import hard_map
from stages.params import load_params
from stages.schema import TrainedModel

REFINEMENTS: list[Refine] = [Guided(), Pamr(dilations=(1, 2, 4)), Pamr()]


class Case(NamedTuple):
    """Windows of a network: how many, how large, with how many groups, and how many passes a refinement may take."""

    count: int
    side: int
    groups: int
    most: float


SCENES, PHOTOGRAPHS = Case(32, 96, 12, 3.0), Case(2, 448, 8, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often each is timed; the fastest counts")
    rounds = parser.parse_args().rounds

    print(f"{device()}, {torch.get_num_threads()} threads")
    slow = []
    for case, network in ((SCENES, scenes()), (PHOTOGRAPHS, published())):
        windows, masks = draw(case)
        ways: dict[str, Callable[[], object]] = {"pass": partial(network, windows)}
        ways |= {str(refine): partial(refined, refine, windows, masks) for refine in REFINEMENTS}
        seconds = race(ways, rounds)
        alone = seconds.pop("pass")
        print(f"{case.side} x {case.side}: {1e3 * alone / case.count:.3g} ms a window for the pass of the network")
        for refine in REFINEMENTS:
            ratio = seconds[str(refine)] / alone
            print(
                f"  {refine}: {1e3 * seconds[str(refine)] / case.count:.3g} ms, {ratio:.2f} times the pass; "
                f"{peak_memory(refine, case):.0f} MiB"
            )
            slow += [f"{refine} at {case.side}"] if ratio > case.most else []
    if slow:
        raise SystemExit(
            f"Expected at most {SCENES.most} passes at 96 and {PHOTOGRAPHS.most} at 448: {'; '.join(slow)}"
        )


def scenes() -> Network:
    """The default network."""
    model = load_params().models["scenes_small"]
    assert isinstance(model, TrainedModel)
    return SceneNetwork(SceneModel(model.architecture))


def published() -> Network:
    """GroupViT in its published shape."""
    return GroupViTNetwork(PublishedGroupViT(PUBLISHED), Windows(short=448, long=2048, crop=448, stride=224), "float32")


def draw(case: Case) -> tuple[Tensor, Tensor]:
    """Draws windows, uint8 [count, 3, side, side], and soft masks, float32 [count, groups, side / 8, side / 8]."""
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(case.count, 3, 7, 7, generator=random)
    smooth = F.interpolate(coarse, size=(case.side, case.side), mode="bicubic").clamp(0, 1)
    masks = torch.rand(case.count, case.groups, case.side // 8, case.side // 8, generator=random)
    return (255 * smooth).to(torch.uint8), masks.mul(9).softmax(dim=1).to(device())


def refined(refine: Refine, windows: Tensor, masks: Tensor) -> None:
    """Finds the group of each pixel of each window."""
    for window, own in zip(windows, masks, strict=True):
        hard_map(own, (window.shape[1], window.shape[2]), refinement(refine, window.to(own.device)))


def race(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Times all in turns; returns the seconds of the fastest round of each."""
    seconds = dict.fromkeys(ways, float("inf"))
    for turn in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if device().type == "cuda":
                torch.cuda.synchronize()
            if turn:  # the first round pays for what later ones find ready
                seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds


def peak_memory(refine: Refine, case: Case) -> float:
    """Returns what a fresh process takes for the masks of a window, MiB; on a GPU the most memory there."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (refine, case))


def _peak(refine: Refine, case: Case) -> float:
    windows, masks = draw(case._replace(count=1))
    small = SCENES._replace(count=1, side=16)
    refined(refine, *draw(small))  # libraries are loaded, and so are their threads
    before = _most()
    refined(refine, windows, masks)
    return torch.cuda.max_memory_allocated() / 2**20 if device().type == "cuda" else _most() - before


def _most() -> float:
    """The most memory that this process ever had, MiB."""
    if sys.platform == "linux":  # whose getrusage counts what the process that started this one had
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()

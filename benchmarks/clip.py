"""A dense CLIP model with windows: how fast its network is, and what a segment table costs besides.

    python -m benchmarks.clip --images 64

ViT-B/16 with random weights reads smooth pictures as `clip_vit_b16_naclip` of params.yaml does: short side 336, windows
of 224 at a distance of 112, 32 clusters of patches each. Prints images a second, the share of the machine's matrix
products that the network reaches, and the share of the time that is spent outside it.
"""

import argparse
import time

import open_clip
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from benchmarks.groupvit import matmul_peak
from benchmarks.windows import draw
from groupseg.networks.clip.config import Clip
from groupseg.networks.clip.dense import Dense, DenseTower
from groupseg.networks.clip.network import ClipNetwork
from groupseg.networks.clip.weights import ClipMetadata
from groupseg.networks.device import device
from groupseg.networks.frame import Windows
from groupseg.segments.build import build_table

NAME, SCALE = "ViT-B-16-quickgelu", 40.0
FRAME = Windows(short=336, long=2048, crop=224, stride=112, patch=16)


class Timed(ClipNetwork):
    """Counts the seconds and the windows of its image tower."""

    seconds, windows = 0.0, 0

    def dense(self, images: Tensor) -> Dense:
        """Embeds windows; see `ClipNetwork`."""
        started = time.perf_counter()
        dense = super().dense(images)
        if device().type == "cuda":
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - started
        self.windows += len(images)
        return dense


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=64, help="number of images")
    args = parser.parse_args()

    torch.manual_seed(0)
    clip = Clip(name=NAME, attention="naclip", clusters=32, connected=False, scale=SCALE, normalisation="clip")
    tower = DenseTower(open_clip.create_model(NAME).visual, "naclip", "clip")
    network = Timed(tower, ClipMetadata(clip=clip, frame=FRAME, precision="float32"), SCALE)
    samples = [draw(number) for number in range(args.images)]
    flop = count(network)
    network.seconds = network.windows = 0
    started = time.perf_counter()
    table = build_table(network, samples, tuple(f"class{row}" for row in range(20)), True, {})
    total = time.perf_counter() - started
    peak, speed = matmul_peak(torch.float32, device()), flop * network.windows / network.seconds / 1e9
    print(f"{device()}, {torch.get_num_threads()} threads, {NAME}, {args.images} images, {network.windows} windows")
    print(f"{args.images / total:.3g} images/s, {len(table.image) / args.images:.0f} segments an image")
    print(f"network: {speed:.0f} GFLOP/s, {speed / peak:.0%} of the {peak:.0f} of a matrix product")
    print(f"outside the network: {1 - network.seconds / total:.1%} of the time")


@torch.inference_mode()
def count(network: ClipNetwork) -> int:
    """Counts the multiplications and additions of one window, and pays for what later ones find ready."""
    window = torch.zeros(1, 3, FRAME.crop, FRAME.crop, dtype=torch.uint8)
    # torch counts the attention of GPUs alone.
    cpu = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: lambda *args, **_: sdpa_flop_count(*args[:3])}
    with FlopCounterMode(display=False, custom_mapping=cpu) as counter:
        network.dense(window)
    return counter.get_total_flops()


if __name__ == "__main__":
    main()

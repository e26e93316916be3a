"""What training costs beyond the network: images a second, against forward and backward of the network alone.

    python -m benchmarks.training --steps 25 --rounds 3

Trains the default model of params.yaml on drawn images, captions and nouns, as many nouns as the default corpora name;
no data set is needed. Everything that a training does is counted: drawing and augmenting a batch, the losses, the
optimiser, the history and the saved state. The network alone runs forward on one batch, and backward from random
gradients of what the losses read. Both in turns in one process; the fastest round of each counts. Exits with an error
if training has less than the given share of the network's speed.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from groupseg.networks.device import device
from groupseg.networks.scenes.images import normalise_scenes
from groupseg.networks.scenes.model import SceneModel
from groupseg.networks.scenes.training.corpus import LoadedCorpus
from groupseg.networks.scenes.training.loop import History, SceneObjective, run_steps
from groupseg.networks.scenes.training.optimizer import MuonAdamW
from stages.params import load_params
from stages.schema import TrainedModel

NAME = "scenes_small"
IMAGES, CAPTIONS, NOUNS, NAMED = 2000, 2000, 201, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=25, help="steps in a round; every 25th saves the state")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed; the fastest counts")
    parser.add_argument("--least", type=float, default=0.85, help="least share of the network's speed")
    args = parser.parse_args()

    params = load_params().models[NAME]
    assert isinstance(params, TrainedModel)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.manual_seed(0)
    corpus = draw_corpus(params.architecture.resolution, params.architecture.text_dim)
    with tempfile.TemporaryDirectory() as folder:
        model = SceneModel(params.architecture).to(device(), memory_format=torch.channels_last).train()
        optimizer = MuonAdamW(model.parameters(), params.training)
        objective, history = SceneObjective(model, params.training, corpus), History()
        images = normalise_scenes(corpus.images[: params.training.batch].to(device()))
        images = images.contiguous(memory_format=torch.channels_last)
        network = SceneModel(params.architecture).to(device(), memory_format=torch.channels_last).train()
        alone = partial(run_network, network, images, args.steps)

        def training() -> None:
            run_steps(objective, optimizer, history, len(history) + args.steps, Path(folder, "state.pt"))

        seconds = race({"training": training, "network alone": alone}, args.rounds)
    pixels = params.training.batch * args.steps
    print(f"{device()}, {torch.get_num_threads()} threads, batches of {params.training.batch}")
    for what, best in seconds.items():
        print(f"{what}: {pixels / best:.4g} images/s, {1e3 * best / args.steps:.4g} ms a step")
    share = seconds["network alone"] / seconds["training"]
    print(f"training has {share:.1%} of the speed of its network; {1 - share:.1%} of its time is something else")
    if share < args.least:
        raise SystemExit(f"Expected training to have at least {args.least:.0%} of the speed of its network.")


def draw_corpus(side: int, width: int) -> LoadedCorpus:
    """Draws images of noise and texts of random directions; a caption names a few of the nouns."""
    texts = F.normalize(torch.randn(CAPTIONS + NOUNS, width), dim=1)
    return LoadedCorpus(
        images=torch.randint(0, 256, (IMAGES, 3, side, side), dtype=torch.uint8),
        caption=torch.arange(IMAGES) % CAPTIONS,
        mentions=torch.rand(IMAGES, NOUNS) < NAMED / NOUNS,
        captions=texts[:CAPTIONS],
        nouns=texts[CAPTIONS:],
    )


def run_network(model: SceneModel, images: Tensor, steps: int) -> None:
    """Runs the network forward, and backward from random gradients."""
    gradients: list[Tensor] = []
    for _ in range(steps):
        model.zero_grad()
        groups = model(images)
        outputs = [groups.segments, groups.patches, groups.image]
        gradients = gradients or [torch.randn_like(output) for output in outputs]
        torch.autograd.backward(outputs, gradients)
    if images.is_cuda:
        torch.cuda.synchronize()


def race(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Times all in turns; returns the seconds of the fastest round of each."""
    best = dict.fromkeys(ways, float("inf"))
    for turn in range(rounds + 1):
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            if turn:  # the first round pays for what later ones find ready
                best[name] = min(best[name], time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()

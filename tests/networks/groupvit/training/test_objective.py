"""One step of two processes against the same step of one."""

from pathlib import Path

import torch
from torch import Tensor, distributed, multiprocessing
from torch.nn.parallel import DistributedDataParallel

from groupseg.networks.groupvit.training.corpus import StreamedCorpus, open_corpus
from groupseg.networks.groupvit.training.data import Examples, batches
from groupseg.networks.groupvit.training.objective import GroupViTObjective
from groupseg.networks.groupvit.training.start import new_model
from groupseg.processes import Place
from tests.networks.groupvit.training.tiny import ARCHITECTURE, RECIPE

STEP = 3


def descend(corpus: StreamedCorpus, here: Place) -> dict[str, Tensor]:
    """Losses and gradients of a step, and what batch normalisation remembers of it; in double precision.

    In single precision rounding is of the size of what is allowed.
    """
    torch.manual_seed(0)
    objective = GroupViTObjective(new_model(ARCHITECTURE, RECIPE.drop_path), RECIPE, here).train().double()
    shared = DistributedDataParallel(objective) if here.size > 1 else objective
    batch = next(batches(Examples(corpus, ARCHITECTURE, RECIPE), here, STEP, workers=0))
    losses = shared(batch._replace(images=batch.images.double()), STEP)
    losses["loss"].backward()
    gradients = {name: parameter.grad for name, parameter in objective.named_parameters()}
    found = {**{name: loss.detach() for name, loss in losses.items()}, **gradients, **dict(objective.named_buffers())}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def one_of_two(rank: int, captions: Path, out: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{out}/meet", rank=rank, world_size=2)
    corpus = open_corpus([captions], Place(rank, 2))
    torch.save({"digest": corpus.digest(), "found": descend(corpus, Place(rank, 2))}, out / f"{rank}.pt")
    distributed.destroy_process_group()


def test_two_processes_have_the_losses_and_gradients_of_one(
    corpus: StreamedCorpus, captions: Path, tmp_path: Path
) -> None:
    # Forked, so that they need not import everything again.
    multiprocessing.start_processes(one_of_two, (captions, tmp_path), nprocs=2, start_method="fork")
    alone = descend(corpus, Place(0, 1))
    names = {
        name for name, _ in GroupViTObjective(new_model(ARCHITECTURE, 0.0), RECIPE, Place(0, 1)).named_parameters()
    }
    assert names < alone.keys()
    assert sum(bool(alone[name].abs().max() > 1e-3) for name in names) > 0.8 * len(names)
    for rank in range(2):
        left = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert left["digest"] == corpus.digest()
        assert left["found"].keys() == alone.keys()
        for name, tensor in alone.items():
            torch.testing.assert_close(
                left["found"][name], tensor, atol=1e-9, rtol=1e-9, msg=lambda said, at=name: f"{at}: {said}"
            )

"""Which refinement of masks is the best on calibration images: the network runs once, and every candidate after it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from torch import Tensor

from groupseg.datasets.sample import Sample
from groupseg.metrics.confusion import image_counts
from groupseg.metrics.iou import summary
from groupseg.metrics.oracle import label_oracle
from groupseg.networks.protocol import Network, WindowSegments
from groupseg.refine.settings import UNREFINED, Guided, Pamr, Refine
from groupseg.segments.build import build_table
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.threshold import Threshold

# None; the guided filter, weaker and with its defaults; PAMR over near pixels, as NACLIP has it, and as TCL has it.
CANDIDATES: tuple[Refine, ...] = (
    UNREFINED, Guided(radius=4, epsilon=1e-3), Guided(), Pamr(dilations=(1, 2, 4)), Pamr(dilations=(8, 16)), Pamr(),
)  # fmt: skip
# The figure that decides: mIoU of one threshold on the score of GroupViT, the best for these images.
DECIDES = "global"


class Replayed:
    """A network that is asked once: in later passes over the same images it gives the same answers.

    Args:
        network: Whose answers they are. They are kept in memory.
    """

    def __init__(self, network: Network) -> None:
        self.frame, self.protocol = network.frame, network.protocol
        self.text_mean, self.scale, self.background = network.text_mean, network.scale, network.background
        self._network, self._answers = network, list[WindowSegments]()
        self._next = 0

    def again(self) -> "Replayed":
        """Starts another pass."""
        self._next = 0
        return self

    def __call__(self, images: Tensor) -> WindowSegments:
        """Segments windows, or says what was said of them; see `Network`."""
        if self._next == len(self._answers):
            self._answers.append(self._network(images))
        self._next += 1
        return self._answers[self._next - 1]


def figures(
    network: Network,
    samples: Callable[[], Iterable[Sample]],
    classes: Sequence[str],
    with_background: bool,
    vocabulary: Callable[[SegmentTable], Vocabulary],
    candidates: Sequence[Refine] = CANDIDATES,
) -> dict[str, dict[str, float]]:
    """Judges candidates on the calibration images of a data set.

    Args:
        network: Whose masks are refined; it runs once.
        samples: Called for each candidate, returns the images in one order.
        classes: Names without background.
        with_background: Whether label 0 is a label of the data set.
        vocabulary: Brings the texts of the classes into the space of a table.
        candidates: What is tried.

    Returns:
        By candidate, in its line of text: mIoU in 0..1 of "global" (see `DECIDES`) and of the label "oracle".
    """
    replayed, found = Replayed(network), {}
    for refine in candidates:
        table = build_table(
            replayed.again(), samples(), classes, with_background, {}, lambda key, segments: None, refine
        )
        found[str(refine)] = {
            DECIDES: Threshold().fit(table, vocabulary(table)).miou,
            "oracle": float(summary(image_counts(table, label_oracle(table)))["miou"]),
        }
    return found


def choose(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, Any]:
    """Takes the candidate of the highest mean over data sets; of equals the first.

    Args:
        found: What `figures` returned, by data set.

    Returns:
        "choice", a line of text, and "candidates": by their line "mean", that of `DECIDES` over data sets, and
        "datasets", the figures of each.
    """
    names = next(iter(found.values()))
    means = {name: fmean(figures[name][DECIDES] for figures in found.values()) for name in names}
    candidates = {
        name: {"mean": mean, "datasets": {dataset: figures[name] for dataset, figures in found.items()}}
        for name, mean in means.items()
    }
    return {"choice": max(means, key=lambda name: means[name]), "candidates": candidates}

"""The readers by the name of the layout that each knows."""

from collections.abc import Callable, Mapping

from groupseg.datasets.folder import read_folder
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.voc import read_voc

# Each takes the tree, how many images are drawn for calibration (None where there is no such split), the seed of the
# draw, and by name what its own docstring says.
READERS: Mapping[str, Callable[..., LabelledFiles]] = {
    "voc": read_voc,
    "folder": read_folder,
}

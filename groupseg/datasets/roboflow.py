"""Roboflow's "Semantic Segmentation Masks": train/, valid/ and test/ with pictures, `_mask.png` and `_classes.csv`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groupseg.datasets.labelled import Item
from groupseg.datasets.layout import ImageMaskPairs, drawn_splits, files_below, official_splits, paired
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError
from groupseg.sources.tree import Folder, Tree

LIST = "_classes.csv"
_ENDING = "_mask"
# The folder that is judged: the first of these that is there beside train/.
_JUDGED = ("test", "valid", "val")


@dataclass(frozen=True)
class RoboflowMasks:
    """An export.

    Attributes:
        classes: The list of classes.
        parts: What each folder is called, and its name in the tree with a slash at its end.
    """

    classes: str
    parts: Mapping[str, str]

    def pairs(self, tree: Tree) -> ImageMaskPairs:
        """Puts pictures and masks together, by the path below the export."""
        images: dict[str, str] = {}
        masks: dict[str, str] = {}
        for part, folder in self.parts.items():
            found = files_below(tree, folder, SUFFIXES, others=(_ENDING,))
            images |= {f"{part}/{name}" if part else name: file for name, file in found.items()}
            found = files_below(tree, folder, {".png"}, _ENDING)
            masks |= {f"{part}/{name}" if part else name: file for name, file in found.items()}
        return paired(tree, images, masks)

    def splits(self, items: Mapping[str, Item], calib: float | None, seed: int) -> dict[str, Sequence[Item]]:
        """Returns test/, else valid/, as `test`, and draws from train/; without these two, draws from all."""
        judged = next((part for part in _JUDGED if part in self.parts), None)
        of = {part: {name: item for name, item in items.items() if name.startswith(f"{part}/")} for part in self.parts}
        if judged is None or "train" not in self.parts:
            return drawn_splits(items, calib, seed)
        return official_splits(of[judged], of["train"], calib, seed)


def roboflow_root(tree: Tree) -> RoboflowMasks | None:
    """Finds an export; None where there is none.

    Raises:
        UserError: If there are several, or two lists of classes in it differ.
    """
    masks = {name.rpartition("/")[0] for name in tree.names() if name.lower().endswith(f"{_ENDING}.png")}
    lists = [name for name in tree.names() if name.rpartition("/")[2] == LIST and name.rpartition("/")[0] in masks]
    if not lists:
        return None
    if len(exports := {name.rpartition("/")[0].rpartition("/")[0] for name in lists}) > 1:
        places = " and in ".join(folder or "." for folder in sorted(exports)[:2])
        how = "Name" if isinstance(tree, Folder) else "Unpack it, and name"
        raise UserError(f"{tree.label} holds exports of Roboflow in {places}. {how} one of them in source.path.")
    for name in lists[1:]:
        if tree.read(name) != tree.read(lists[0]):
            raise UserError(
                f"{tree.where(lists[0])} and {tree.where(name)} differ. Give all folders of the export one list."
            )
    folders = [name.removesuffix(LIST) for name in lists]
    return RoboflowMasks(lists[0], {folder.rstrip("/").rpartition("/")[2]: folder for folder in folders})

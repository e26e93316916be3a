"""The readers, by the name of the layout that each knows."""

from collections.abc import Callable, Mapping

from groupseg.datasets.ade20k import read_ade20k
from groupseg.datasets.cityscapes import read_cityscapes
from groupseg.datasets.coco_json import read_coco_instances, read_coco_json
from groupseg.datasets.coco_maps import read_coco_object, read_coco_stuff
from groupseg.datasets.context import read_context
from groupseg.datasets.folder import read_folder
from groupseg.datasets.labelled import LabelledFiles
from groupseg.datasets.voc import read_voc

# Each takes the tree, how many images are drawn for calibration (None where there is no such split), the seed of the
# draw, and by name what its own docstring says.
READERS: Mapping[str, Callable[..., LabelledFiles]] = {
    "voc": read_voc,
    "context": read_context,
    "coco_object": read_coco_object,
    "coco_object_instances": read_coco_instances,
    "coco_stuff": read_coco_stuff,
    "ade20k": read_ade20k,
    "cityscapes": read_cityscapes,
    "folder": read_folder,
    "coco_json": read_coco_json,
}

"""Which tool has written an export, by the files that it leaves."""

import re

from groupseg.sources.tree import Tree

# Of all of these the first one with a file of that name, and, where given, with another one.
_SIGNS = (
    ("CVAT (Segmentation mask 1.1)", r"/labelmap\.txt", r"/SegmentationClass/"),
    ("labelme (labelme2voc)", r"/class_names\.txt", r"/SegmentationClass(PNG)?/"),
    ("labelme (labelme2coco)", r"/annotations\.json", r"/JPEGImages/"),
    ("Roboflow (Semantic Segmentation Masks)", r"/_classes\.csv", ""),
    ("Roboflow (COCO)", r"/_annotations\.coco\.json", ""),
    ("CVAT (COCO 1.0)", r"/annotations/instances_(?!(train|val)20\d\d)[^/]*\.json", ""),
    ("Label Studio (COCO)", r"/result\.json", r"/images/"),
    ("mmsegmentation (converted masks)", r"_labelTrainIds\.png|/SegmentationClassContext/", ""),
    ("GroupViT (converted masks)", r"_instanceTrainIds\.png", ""),
)

# What Label Studio calls the masks of brushes: they name a task, and no image.
_BRUSH = re.compile(r"/task-\d+-annotation-\d+-by-[^/]*-tag-[^/]*\.(png|npy)")


def tool_of(tree: Tree) -> str | None:
    """Returns the tool and its format; None where nothing tells."""
    names = "\n".join(f"/{name}" for name in tree.names())
    return next((tool for tool, *signs in _SIGNS if all(re.search(sign, names) for sign in signs)), None)


def are_brushes(tree: Tree) -> bool:
    """Whether these are Label Studio's masks of brushes."""
    return any(_BRUSH.search(f"/{name}") for name in tree.names())

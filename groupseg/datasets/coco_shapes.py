"""The order in which shapes of a JSON in the format of COCO are painted, and polygons that are shares of the image."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from groupseg.datasets.coco_format import Annotation, Coco, CocoImage, Id
from groupseg.datasets.shapes import Segmentation, Shape, area

# What is painted first has the lowest key.
Order = Callable[[Annotation, int], Any]


def by_size(annotation: Annotation, size: int) -> Any:
    """Paints the largest first, by the pixels that it covers: areas in a JSON may be those of boxes, or missing."""
    return -size


def crowds_first(annotation: Annotation, size: int) -> Any:
    """Paints crowds beneath all others, and then the largest first, by the areas that COCO gives."""
    return not annotation.get("iscrowd"), -(annotation.get("area") or size)


def ordered_shapes(coco: Coco, labels: Mapping[Id, int], label: str, order: Order) -> dict[Id, list[Shape]]:
    """Returns the shapes of each image, by its id, in the order in which they are painted.

    Args:
        coco: The file.
        labels: The label of each category; shapes of others are left out.
        label: What the file is called in errors.
        order: What is painted first.

    Raises:
        UserError: If a shape is none, or of another size than its image.
    """
    images = {image["id"]: image for image in coco["images"]}
    found: dict[Id, list[tuple[Any, Shape]]] = {key: [] for key in images}
    for annotation in coco["annotations"]:
        image = images[annotation["image_id"]]
        name = f"{label}: annotation {annotation['id']} ({image['file_name']})"
        given = annotation.get("area") or 0
        least = max(given, _longer_side(annotation.get("bbox")))
        shape = Shape(labels[annotation["category_id"]], annotation.get("segmentation") or [], name, least)
        known = order is crowds_first and given
        size = 0 if known else area(shape.segmentation, image["height"], image["width"], name)
        found[annotation["image_id"]].append((order(annotation, size), shape))
    # Sorting is stable: of equals, the later one in the file is painted over the earlier.
    return {key: [shape for _, shape in sorted(parts, key=lambda part: part[0])] for key, parts in found.items()}


def _longer_side(box: Any) -> float:
    """Returns the longer side of a box, which what lies in it has at least as many pixels as; 0 where there is none."""
    sides = box[2:4] if isinstance(box, list) else []
    return max((float(side) for side in sides if isinstance(side, int | float)), default=0.0)


def are_shares(coco: Coco) -> bool:
    """Whether all polygons lie within 0..1, as shares of the image, while images are larger than that."""
    polygons = [part for one in coco["annotations"] for part in _polygons(one.get("segmentation"))]
    large = all(min(image["height"], image["width"]) > 2 for image in coco["images"])
    return (
        bool(polygons) and large and all(min(part, default=0) >= 0 and max(part, default=2) <= 1 for part in polygons)
    )


def in_pixels(coco: Coco) -> Coco:
    """Returns the same with polygons that were shares of the image in pixels."""
    images = {image["id"]: image for image in coco["images"]}
    annotations = [_scaled(one, images[one["image_id"]]) for one in coco["annotations"]]
    return {**coco, "annotations": annotations}


def _scaled(annotation: Annotation, image: CocoImage) -> Annotation:
    size = image["width"], image["height"]
    parts = [
        [number * size[place % 2] for place, number in enumerate(part)]
        for part in _polygons(annotation.get("segmentation"))
    ]
    return {**annotation, "segmentation": parts} if parts else annotation


def _polygons(segmentation: Segmentation | None) -> Sequence[list[float]]:
    return segmentation if isinstance(segmentation, list) else []

"""What the categories of a JSON in the format of COCO are: classes, background, what is ignored, or roots of others."""

from collections import Counter
from collections.abc import Iterator, Set

from groupseg.datasets.class_lists import BACKGROUND_NAMES, IGNORED
from groupseg.datasets.coco_format import Coco, Id
from groupseg.datasets.names import repeated
from groupseg.datasets.sample import ignore_value
from groupseg.errors import UserError


def category_labels(coco: Coco, without: Set[Id] = frozenset()) -> dict[Id, int]:
    """Numbers the classes from 1 on, see `_class_ids`; background is 0, and what is ignored `ignore_value`."""
    ids = _class_ids(coco, without)
    others = {category["id"]: category["name"].casefold() for category in coco["categories"]}
    labels = {key: 0 if name in BACKGROUND_NAMES else ignore_value(len(ids)) for key, name in others.items()}
    return labels | {key: index + 1 for index, key in enumerate(ids)}


def category_names(coco: Coco, label: str, without: Set[Id] = frozenset()) -> tuple[str, ...]:
    """Returns the names of the classes in the order of their labels; raises UserError if two share one or none is."""
    names = {category["id"]: category["name"] for category in coco["categories"]}
    found = tuple(names[key] for key in _class_ids(coco, without))
    if twice := repeated(found):
        raise UserError(
            f"{label}: two categories are called {twice[0]!r}. Rename one, or take it out and give its annotations the"
            " id of the other."
        )
    if not found:
        raise UserError(f"{label} names no category but background. List what is drawn under `categories`.")
    return found


def _class_ids(coco: Coco, without: Set[Id]) -> list[Id]:
    """Returns the ids of the categories that are classes, words after numbers."""
    ids = [
        category["id"]
        for category in coco["categories"]
        if category["id"] not in without and category["name"].casefold() not in BACKGROUND_NAMES | IGNORED
    ]
    return sorted(ids, key=lambda key: (isinstance(key, str), key))


def root_categories(coco: Coco) -> set[Id]:
    """Returns the categories that own nothing and group the others, which Roboflow writes."""
    used = {annotation["category_id"] for annotation in coco["annotations"]}
    groups = {category.get("supercategory") for category in coco["categories"] if category["id"] in used}
    names = Counter(category["name"] for category in coco["categories"])
    return {
        category["id"]
        for category in coco["categories"]
        if category["id"] not in used
        and (category.get("supercategory") or "none") == "none"
        and (category["name"] in groups or names[category["name"]] > 1)
    }


def category_notes(coco: Coco, roots: Set[Id]) -> Iterator[str]:
    """Says which categories are no classes."""
    if named := [repr(category["name"]) for category in coco["categories"] if category["id"] in roots]:
        yield f"category {', '.join(named)} owns no shape and groups the others: it is taken for no class"
    for names, meaning in ((BACKGROUND_NAMES, "background"), (IGNORED, "unknown pixels")):
        for category in coco["categories"]:
            if category["name"].casefold() in names and category["id"] not in roots:
                yield f"category {category['name']!r} is taken for {meaning}, and is no class"

"""Published renamings of classes: which words a method puts for the official names of a data set.

A variant is a file names/<class list>.<method>.json of the package, {class: word or [words]}; a class that is not in it
keeps its name. groupvit: segmentation/datasets of NVlabs/GroupViT, which renames nothing in COCO. sclip:
configs/cls_*.txt of wangf3014/SCLIP, which renames nothing in Context; some of its words have lost their spaces.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from groupseg.errors import UserError

Renaming = Mapping[str, str | Sequence[str]]


def variants() -> tuple[str, ...]:
    """Returns the names of all variants, such as "voc.groupvit", sorted."""
    folder = files("groupseg.text") / "names"
    return tuple(sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json")))


def read_variant(name: str) -> Renaming:
    """Reads a variant.

    Raises:
        UserError: If there is none of that name.
    """
    if name not in variants():
        raise UserError(f"prompts.names: there is no variant {name!r}. Name one of {', '.join(variants())}.")
    renaming: Renaming = json.loads((files("groupseg.text") / "names" / f"{name}.json").read_text(encoding="utf-8"))
    return renaming

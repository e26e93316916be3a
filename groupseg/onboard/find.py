"""Finding out how somebody's images and labels are laid out."""

import shlex
from collections import Counter
from pathlib import Path, PurePosixPath

from groupseg.datasets.notes import counted
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError, printable
from groupseg.onboard.layouts import (
    EXPORTS,
    LAYOUTS,
    coco_jsons,
    layout_of,
    look_at_json,
    look_at_layout,
    one_name,
    own_instances,
)
from groupseg.onboard.look import Look
from groupseg.onboard.plain import look_at_plain
from groupseg.onboard.tools import are_brushes
from groupseg.sources.tree import Folder, Tree, open_tree


def look(path: Path, annotations: str | None = None, skip_unmatched: bool = False) -> Look:
    """Looks at a folder or archive; a few hundred of its files are read.

    Args:
        path: The folder or archive.
        annotations: The JSON in the format of COCO that is meant, where there are several.
        skip_unmatched: Whether images without a mask, and masks without an image, are left out.

    Raises:
        UserError: If nothing lies there, or it is laid out in no way that is known.
    """
    tree = open_tree(path)
    if annotations is not None:
        return look_at_json(tree, annotations, skip_unmatched)
    names = [f"/{name}" for name in tree.names()]
    if layout := layout_of(names, LAYOUTS):
        if own := own_instances(tree, layout):
            return look_at_json(tree, own, skip_unmatched)
        return look_at_layout(tree, layout, skip_unmatched)
    if all(any(part in name for name in names) for part in ("/images/", "/masks/")):
        return look_at_plain(tree, skip_unmatched)
    if layout := layout_of(names, EXPORTS):
        return look_at_layout(tree, layout, skip_unmatched)
    found = coco_jsons(tree)
    if found and (name := found[0] if len(found) == 1 else one_name(found)):
        return look_at_json(tree, name, skip_unmatched)
    if found:
        raise UserError(f"{tree.label} holds {', '.join(found)}. Say with --annotations which one is meant.")
    if are_brushes(tree):
        raise UserError(
            f"{tree.label} holds masks of Label Studio's brushes, which do not say of which image they are. Export the"
            " project as COCO, or put each mask into masks/ under the name of its picture in images/."
        )
    if isinstance(tree, Folder) and (pictures := [n for n in tree.names() if n.lower().endswith(tuple(SUFFIXES))]):
        raise UserError(
            f"{tree.label} holds {counted(len(pictures), 'picture')} and no labels that are known. To segment them:"
            f' groupseg predict {shlex.quote(str(path))} --classes "cat, sofa". To judge strategies on them, put masks'
            " into masks/ beside images/, or a JSON in the format of COCO; docs/datasets.md says how."
        )
    known = "; ".join(layout.title for layout in LAYOUTS + EXPORTS)
    raise UserError(
        f"{tree.label} holds {_contents(tree)}: no layout that is known. Those are images/ and masks/; images and a"
        f" JSON in the format of COCO; {known}. docs/datasets.md says what the first must look like."
    )


def _contents(tree: Tree) -> str:
    """Says what lies where, the folders of most files first."""
    files = Counter((str(PurePosixPath(name).parent), PurePosixPath(name).suffix) for name in tree.names())
    parts = [f"{count:,} {suffix or 'other'} files in {folder}" for (folder, suffix), count in files.most_common(4)]
    return printable(", ".join(parts)) or "no file"

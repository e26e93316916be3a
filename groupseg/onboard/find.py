"""Finding out how somebody's images and labels are laid out."""

from collections import Counter
from pathlib import Path, PurePosixPath

from groupseg.errors import UserError
from groupseg.onboard.layouts import LAYOUTS, coco_jsons, look_at_json, look_at_layout
from groupseg.onboard.look import Look
from groupseg.onboard.plain import look_at_plain
from groupseg.sources.tree import Tree, open_tree


def look(path: Path, annotations: str | None = None) -> Look:
    """Looks at a folder or archive; a few hundred of its files are read.

    Args:
        path: The folder or archive.
        annotations: The JSON in the format of COCO that is meant, where there are several.

    Raises:
        UserError: If nothing lies there, or it is laid out in no way that is known.
    """
    tree = open_tree(path)
    if annotations is not None:
        return look_at_json(tree, annotations)
    names = [f"/{name}" for name in tree.names()]
    for layout in LAYOUTS:
        if any(layout.sign in name and name.endswith(layout.suffix) for name in names):
            return look_at_layout(tree, layout)
    if all(any(part in name for name in names) for part in ("/images/", "/masks/")):
        return look_at_plain(tree)
    found = coco_jsons(tree)
    if len(found) == 1:
        return look_at_json(tree, found[0])
    if found:
        raise UserError(f"{tree.label} holds {', '.join(found)}. Say with --annotations which one is meant.")
    known = "; ".join(layout.title for layout in LAYOUTS)
    raise UserError(
        f"{tree.label} holds {_contents(tree)}: no layout that is known. Those are images/ and masks/; images and a"
        f" JSON in the format of COCO; {known}. docs/datasets.md says what the first must look like."
    )


def _contents(tree: Tree) -> str:
    """Says what lies where, the folders of most files first."""
    files = Counter((str(PurePosixPath(name).parent), PurePosixPath(name).suffix) for name in tree.names())
    parts = [f"{count:,} {suffix or 'other'} files in {folder}" for (folder, suffix), count in files.most_common(4)]
    return ", ".join(parts) or "no file"

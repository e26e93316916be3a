"""Finding out how somebody's images and labels are laid out."""

import shlex
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath

from groupseg.datasets.notes import counted
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError, printable
from groupseg.onboard.candidates import candidates
from groupseg.onboard.layouts import EXPORTS, LAYOUTS, look_at_json
from groupseg.onboard.look import Look
from groupseg.onboard.plain import look_at_plain
from groupseg.onboard.tools import are_brushes
from groupseg.sources.tree import Folder, Tree, open_tree


def look(path: Path, annotations: str | None = None, skip_unmatched: bool = False, form: str | None = None) -> Look:
    """Looks at a folder or archive; a few hundred of its files are read.

    Args:
        path: The folder or archive.
        annotations: The JSON in the format of COCO that is meant, where there are several data sets.
        skip_unmatched: Whether images without a mask, and masks without an image, are left out.
        form: The `source.format` of the data set that is meant, where there are several.

    Raises:
        UserError: If nothing lies there, it is laid out in no way that is known, or holds several data sets of which
            none is chosen.
    """
    tree = open_tree(path)
    if annotations is not None:
        return look_at_json(tree, annotations, skip_unmatched)
    found = candidates(tree)
    meant = [candidate for candidate in found if candidate.format == form or (form is None and not candidate.beside)]
    if len(meant) == 1:
        seen = meant[0].look(skip_unmatched)
        rest = [other for other in found if other.beside and form is None]
        notes = [f"{other.title} lies there too: {other.choice(tree, found)} takes that" for other in rest]
        return replace(seen, notes=(*seen.notes, *notes))
    if found:
        those = meant or found
        said = "; ".join(f"{candidate.title}: {candidate.choice(tree, those)}" for candidate in those)
        lacking = "" if meant else f" none of the format {form}, but"
        raise UserError(f"{tree.label} holds{lacking} {counted(len(those), 'data set')}. Choose one. {said}.")
    if all(any(f"/{part}/" in f"/{name}" for name in tree.names()) for part in ("images", "masks")):
        return look_at_plain(tree, skip_unmatched)  # which says that they must lie side by side
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

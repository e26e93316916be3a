"""The data sets that a folder or archive holds: none is taken while another may be meant."""

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from groupseg.errors import UserError
from groupseg.onboard.layouts import (
    EXPORTS,
    LAYOUTS,
    Layout,
    coco_jsons,
    layout_of,
    look_at_json,
    look_at_layout,
    one_name,
    own_instances,
)
from groupseg.onboard.look import Look
from groupseg.onboard.plain import look_at_plain
from groupseg.sources.tree import Folder, Tree

# JSON that belongs to a published layout, by its format.
_PARTS = {
    "context": r"/trainval_merged\.json$",
    "cityscapes": r"/gtFine/.*\.json$",
    "coco": r"/[a-z_]+_(train|val|test)(-dev)?2017\.json$",
}


@dataclass(frozen=True)
class Candidate:
    """A data set.

    Attributes:
        title: What it is.
        format: Of its reader.
        root: The folder that it lies in, with a slash at its end; "" for all that there is.
        look: Looks at it; takes whether files without a counterpart are left out.
        annotations: What `source.annotations` says, where it has some that are no other data set's.
        beside: Whether it is another view of the files of a candidate before it.
    """

    title: str
    format: str
    root: str
    look: Callable[[bool], Look]
    annotations: str = ""
    beside: bool = False

    def choice(self, tree: Tree, all_found: Sequence["Candidate"]) -> str:
        """Says how this one of several is chosen."""
        if self.annotations:
            return f"--annotations {shlex.quote(self.annotations)}"
        others = [other for other in all_found if other is not self]
        if all(other.format != self.format for other in others):
            return f"--format {self.format}"
        if any(other.root.startswith(self.root) for other in others):
            return "take the others away"
        folder = f"groupseg data init {shlex.quote(tree.where(self.root.rstrip('/')))}"
        return folder if isinstance(tree, Folder) else f"unpack it and look at the folder {self.root.rstrip('/')}"


def candidates(tree: Tree) -> list[Candidate]:
    """Finds all data sets in a tree."""
    names = [f"/{name}" for name in tree.names()]
    found = [*_published(tree, names), *_plain(tree, names)]
    found += [export for export in _exports(tree, names) if not any(_is_part(export, other, names) for other in found)]
    try:
        jsons = _jsons(tree, found)
    except UserError:
        if not found:
            raise
        jsons = []  # a file that cannot be read is no data set, where there is one
    return [*found, *jsons]


def _published(tree: Tree, names: Sequence[str]) -> Iterator[Candidate]:
    # The archives of COCO are unpacked into folders of their own, and are one data set all the same.
    coco = [layout for layout in LAYOUTS if layout.format.startswith("coco") and layout.known_by(names)]
    if coco and not own_instances(tree, coco[0]):
        yield _candidate(tree, layout_of(names, coco) or coco[0], "")
        for layout in coco[1:]:
            yield _candidate(tree, layout, "", beside=True)
    roots: set[str] = set()
    for layout in LAYOUTS:
        if layout in coco:
            continue
        for root in _roots(layout, names):
            # The images of Context are those of VOC.
            yield _candidate(tree, layout, root, beside=layout.format == "voc" and root in roots)
            roots |= {root} if layout.format == "context" else set()


def _exports(tree: Tree, names: Sequence[str]) -> Iterator[Candidate]:
    for layout in EXPORTS:
        roots = set(_roots(layout, names))
        if layout.format == "folder":  # train/, valid/ and test/ are one
            roots = {root.rstrip("/").rpartition("/")[0] for root in roots}
            roots = {f"{root}/".removeprefix("/") for root in roots}
        for root in sorted(roots):
            yield _candidate(tree, layout, root)


def _plain(tree: Tree, names: Sequence[str]) -> Iterator[Candidate]:
    parts = [{name.partition(f"/{part}/")[0] for name in names if f"/{part}/" in name} for part in ("images", "masks")]
    for root in sorted(set.intersection(*parts)):
        place = f"{root}/".removeprefix("/")
        yield Candidate(f"images/ and masks/{_place(place)}", "folder", place, lambda skip: look_at_plain(tree, skip))


def _jsons(tree: Tree, found: Sequence[Candidate]) -> list[Candidate]:
    """Finds JSON in the format of COCO that is of none of those; one name in train/, valid/ and test/ is one."""
    formats = {candidate.format.partition("_")[0] for candidate in found}
    parts = [pattern for name, pattern in _PARTS.items() if name in formats]
    files = coco_jsons(tree, lambda name: not any(re.search(pattern, f"/{name}") for pattern in parts))
    sets: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in files:
        sets[str(PurePosixPath(file).parent.parent), PurePosixPath(file).name].append(file)
    made = []
    for (above, base), those in sets.items():
        root = "" if above == "." else f"{above}/"
        if len(those) > 1 and one_name(those):
            alone = sum(name == base for _, name in sets) == 1
            made.append(_json(tree, base, root, base if alone else ""))
        else:
            made += [_json(tree, file, file.rpartition("/")[0] + "/" * ("/" in file), file) for file in those]
    return made


def _json(tree: Tree, file: str, root: str, annotations: str) -> Candidate:
    title = f"images and {file} in the format of COCO" + ("" if file == annotations else _place(root))
    return Candidate(title, "coco_json", root, lambda skip: look_at_json(tree, file, skip), annotations)


def _candidate(tree: Tree, layout: Layout, root: str, beside: bool = False) -> Candidate:
    title = f"{layout.title}{_place(root)}"
    return Candidate(title, layout.format, root, lambda skip: look_at_layout(tree, layout, skip), beside=beside)


def _place(root: str) -> str:
    return f" in {root}" if root else ""


def _roots(layout: Layout, names: Sequence[str]) -> list[str]:
    known = {name.partition(layout.sign)[0] for name in names if layout.known_by([name])}
    return sorted(f"{above}/".removeprefix("/") for above in known)


def _is_part(export: Candidate, other: Candidate, names: Sequence[str]) -> bool:
    """Whether what looks like an export are files of another data set."""
    masks = (name for name in names if name.startswith(f"/{export.root}") and name.lower().endswith("_mask.png"))
    if export.format == "folder" and not any(masks):
        return True  # a list of classes alone
    if other.format == "folder":
        return export.root.startswith((f"{other.root}images/", f"{other.root}masks/")) or (
            export.format == "folder" and export.root == other.root
        )
    return other.format in ("voc", "context") and export.root == other.root

"""A look at images/, masks/ and classes.txt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from groupseg.datasets.folder import read_folder
from groupseg.datasets.layout import files_below
from groupseg.datasets.masks import value_labels
from groupseg.datasets.names import read_classes
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError
from groupseg.onboard.look import Look, calibration, counted, evenly, some, spoken, unreadable
from groupseg.onboard.masks import MaskValues, mask_values, ranges
from groupseg.sources.tree import Tree

_IGNORED = {255, 65535}
# Colours that are named as examples; one more is no palette any more, but smoothing or a photograph.
_COLOURS, _MOST_COLOURS = 6, 256


@dataclass(frozen=True)
class _Plain:
    """What there is, by name; `classes` is empty where there is no list that can be read."""

    tree: Tree
    root: str
    images: Mapping[str, str]
    masks: Mapping[str, str]
    classes: tuple[str, ...]
    background: bool
    values: MaskValues

    @property
    def listed(self) -> int:
        """How many values the class list names."""
        return len(self.classes) + self.background

    def where(self, name: str) -> str:
        """Says where something lies, or should lie."""
        return self.tree.where(f"{self.root}{name}")


def look_at_plain(tree: Tree) -> Look:
    """Looks at a labelled folder: its names, its class list, and what its masks hold.

    Raises:
        UserError: If images/ and masks/ do not lie side by side, or do so in several places.
    """
    root = _root(tree)
    images = files_below(tree, f"{root}images/", SUFFIXES)
    masks = files_below(tree, f"{root}masks/", {".png"})
    values = mask_values(tree, evenly(list(masks.values())))
    classes, background, faults = _class_list(tree, root, values)
    plain = _Plain(tree, root, images, masks, classes, background, values)
    faults = [*_pairing(plain), *faults, *_wrong_values(plain), *_colours(plain), *values.faults[:3]]
    listed = f"{root}splits/calib.txt" in tree
    way, sentence = calibration(len(images), listed)
    if not faults:
        try:
            faults = list(unreadable(read_folder(tree, way.get("calib"), 0)))
        except UserError as error:
            faults = [str(error)]
    notes = (*_notes(plain), sentence)
    return Look("images/, masks/, classes.txt", {"format": "folder", **way}, spoken(classes), notes, tuple(faults))


def _root(tree: Tree) -> str:
    """Returns what stands before images/ and masks/."""
    roots = [
        {f"/{name}".partition(f"/{part}/")[0] for name in tree.names() if f"/{part}/" in f"/{name}"}
        for part in ("images", "masks")
    ]
    both = sorted(set.intersection(*roots))
    if len(both) != 1:
        places = f"lie in {' and in '.join(place or '.' for place in both)}" if both else "do not lie side by side"
        raise UserError(f"{tree.label}: images/ and masks/ {places}. Name the one folder that holds both.")
    return f"{both[0]}/".removeprefix("/")


def _class_list(tree: Tree, root: str, values: MaskValues) -> tuple[tuple[str, ...], bool, list[str]]:
    """Returns the classes, whether there is background, and what is wrong with the list."""
    name = f"{root}classes.txt"
    try:
        return *read_classes(tree, name), []
    except UserError as error:
        if name in tree:
            return (), False, [str(error)]
    named = sorted(set(values.pixels) - _IGNORED)
    first = "; the first should be `background`, which value 0 looks like" if values.zero_is_background else ""
    held = f"The masks hold {ranges(named)}: name each value" if named else "Name each value of the masks"
    return (), False, [f"{tree.where(name)} is missing. {held} from 0 on, one a line{first}."]


def _pairing(plain: _Plain) -> Iterator[str]:
    """Yields what has no counterpart."""
    if not plain.images:
        yield f"{plain.where('images')} holds no picture ({', '.join(sorted(SUFFIXES))})."
    bare = [plain.tree.where(path) for name, path in plain.images.items() if name not in plain.masks]
    if bare:
        yield f"{counted(len(bare), 'image')} without a mask of the same name, a PNG in masks/: {some(bare)}."
    lone = [plain.tree.where(path) for name, path in plain.masks.items() if name not in plain.images]
    if lone:
        yield f"{counted(len(lone), 'mask')} without an image of the same name in images/: {some(lone)}."


def _wrong_values(plain: _Plain) -> Iterator[str]:
    """Yields the values that no line of the class list names."""
    if not plain.classes:
        return
    known = value_labels(len(plain.classes), int(plain.background), plain.background, _IGNORED)
    if wrong := sorted(set(plain.values.pixels) - set(known)):
        mask = plain.tree.where(plain.values.first[wrong[0]])
        yield (
            f"The masks hold {some([str(value) for value in wrong])}, such as {mask}, but {plain.where('classes.txt')}"
            f" names 0..{plain.listed - 1}. List what is missing, mend the masks, or name the value of unknown pixels"
            " in source.ignore."
        )


def _colours(plain: _Plain) -> Iterator[str]:
    """Yields that masks hold colours which nobody has said the meaning of."""
    colours, coloured = plain.values.colours, plain.values.coloured
    if not coloured or f"{plain.root}palette.txt" in plain.tree:
        return
    if len(colours) > _MOST_COLOURS:
        yield (
            f"{counted(len(coloured), 'mask')} of {len(colours):,} colours, which were smoothed or compressed: save"
            f" class numbers. Such as {some(coloured)}."
        )
        return
    named = ", ".join(f"#{colour:06x}" for colour, _ in colours.most_common(_COLOURS))
    yield (
        f"{counted(len(coloured), 'mask')} of {counted(len(colours), 'colour')} in the place of class numbers. Write"
        f" {plain.where('palette.txt')}, line i the colour of value i; the commonest are {named}."
    )


def _notes(plain: _Plain) -> Iterator[str]:
    """Yields what was found."""
    yield f"{counted(len(plain.images), 'image')}, {counted(len(plain.masks), 'mask')}"
    if plain.classes:
        background = "and background, value 0" if plain.background else "without background: value 0 is a class"
        yield f"{counted(len(plain.classes), 'class')} {background}"
    values = plain.values
    if values.looked:
        looked = f" ({values.looked:,} were read)" if values.looked < len(plain.masks) else ""
        ignored = _IGNORED & set(values.pixels) if plain.listed <= 255 else set()
        also = f", and {ranges(sorted(ignored))}, ignored" if ignored else ""
        yield f"the masks hold {ranges(sorted(set(values.pixels) - ignored))}{also}{looked}"
    yield from _background_notes(plain)


def _background_notes(plain: _Plain) -> Iterator[str]:
    """Yields where the class list and the look of value 0 differ."""
    values = plain.values
    looks = f"it is in {values.masks[0]:,} of {counted(values.looked, 'mask')} and on {100 * values.border_share:.0f} %"
    if plain.classes and not plain.background and values.zero_is_background:
        yield (
            f"value 0 is {plain.classes[0]!r}, but looks like background: {looks} of their borders. If it is, let"
            f" `background` be the first line of {plain.where('classes.txt')}"
        )
    if plain.background and values.looked and not values.pixels[0]:
        yield "value 0, background, is in no mask. If there is none, take `background` out and renumber the masks"

"""A look at images/, masks/ and the list of classes beside them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from groupseg.datasets.class_lists import ClassList, find_class_list, read_class_list
from groupseg.datasets.folder import masks_below, read_folder
from groupseg.datasets.layout import files_below
from groupseg.datasets.masks import ranges
from groupseg.datasets.notes import Note, counted, some
from groupseg.datasets.pictures import SUFFIXES
from groupseg.errors import UserError
from groupseg.onboard.look import Look, calibration, evenly, fault_of, inspect, look_from, spoken
from groupseg.onboard.masks import MaskValues, mask_values
from groupseg.sources.tree import Tree

_IGNORED = {255, 65535}
# Colours that are named as examples; one more is no palette any more, but smoothing or a photograph.
_COLOURS, _MOST_COLOURS = 6, 256


@dataclass(frozen=True)
class _Plain:
    """What there is, by name; `listed` is None where there is no list that can be read, whose place is `file`."""

    tree: Tree
    root: str
    images: Mapping[str, str]
    masks: Mapping[str, str]
    file: str
    listed: ClassList | None
    values: MaskValues

    def where(self, name: str) -> str:
        """Says where something lies, or should lie."""
        return self.tree.where(f"{self.root}{name}")

    @property
    def has_palette(self) -> bool:
        """Whether it is said what colours mean."""
        return f"{self.root}palette.txt" in self.tree or bool(self.listed and self.listed.palette)


def look_at_plain(tree: Tree, skip_unmatched: bool = False) -> Look:
    """Looks at a labelled folder: its names, its class list, and what its masks hold.

    Args:
        tree: Where it lies.
        skip_unmatched: Whether images without a mask, and masks without an image, are left out.

    Raises:
        UserError: If images/ and masks/ do not lie side by side, or do so in several places.
    """
    root = _root(tree)
    images = files_below(tree, f"{root}images/", SUFFIXES)
    masks = masks_below(tree, f"{root}masks/")
    values = mask_values(tree, evenly(list(masks.values())))
    file = find_class_list(tree, root) or find_class_list(tree, f"{root}masks/") or f"{root}classes.txt"
    listed, faults = _class_list(tree, file, values)
    plain = _Plain(tree, root, images, masks, file, listed, values)
    faults = [*faults, *_wrong_values(plain), *_colours(plain)]
    if not images:
        faults.append(Note(f"{plain.where('images')} holds no picture ({', '.join(sorted(SUFFIXES))})."))
    way = calibration(images.keys() & masks.keys(), f"{root}splits/calib.txt" in tree)
    options = {"skip_unmatched": True} if skip_unmatched else {}
    notes = list(map(Note, _notes(plain)))
    if not faults:
        try:
            found = inspect(read_folder(tree, way.source.get("calib"), 0, **options))
        except UserError as error:
            faults = [fault_of(error)]
        else:
            way, few = found.settled(way)
            faults, notes = [*found.faults, *few], [*notes, *found.notes]
    else:
        faults += map(Note, values.faults[:3])
    title = f"images/, masks/, {file.removeprefix(root)}"
    source = {"format": "folder", **options, **way.source}
    return look_from(title, source, spoken(listed.classes if listed else ()), [*notes, Note(way.sentence)], faults)


def _root(tree: Tree) -> str:
    """Returns what stands before images/ and masks/."""
    roots = [
        {f"/{name}".partition(f"/{part}/")[0] for name in tree.names() if f"/{part}/" in f"/{name}"}
        for part in ("images", "masks")
    ]
    both = sorted(set.intersection(*roots))
    if len(both) != 1:
        places = f"lie in {' and in '.join(place or '.' for place in both)}. Name the one folder that holds both"
        fault = places if both else "do not lie side by side. Put both into one folder"
        raise UserError(f"{tree.label}: images/ and masks/ {fault}.")
    return f"{both[0]}/".removeprefix("/")


def _class_list(tree: Tree, file: str, values: MaskValues) -> tuple[ClassList | None, list[Note]]:
    """Returns the list of classes, and what is wrong with it."""
    if file in tree:
        try:
            return read_class_list(tree, file), []
        except UserError as error:
            return None, [Note(str(error))]
    named = sorted(set(values.pixels) - _IGNORED)
    first = "; the first should be `background`, which value 0 looks like" if values.zero_is_background else ""
    if named == [0] and 255 in values.pixels:
        how = "The masks hold 0 and 255: write two lines, `0: background`, and `255: ` with the name of what that is"
    elif named and named != [*range(len(named))] and len(named) > named[-1] // 2:
        how = f"The masks hold {ranges(named)}: name each value from 0 on, one a line{first}"
    elif named and named != [*range(len(named))]:
        how = (
            f"The masks hold {ranges(named)}: name each after its value, one a line, such as `{named[-1]}: cat`{first}"
        )
    else:
        held = f"The masks hold {ranges(named)}: name each value" if named else "Name each value of the masks"
        how = f"{held} from 0 on, one a line{first}"
    return None, [Note(f"{tree.where(file)} is missing. {how}.")]


def _wrong_values(plain: _Plain) -> Iterator[Note]:
    """Yields the values that the list does not name, and classes that none has while all are unknown."""
    listed, values = plain.listed, plain.values
    if listed is None or plain.has_palette:
        return
    wrong = sorted(set(values.pixels) - set(listed.values) - _IGNORED)
    absent = [line for line in listed.named if line.value not in values.pixels]
    unknown = [value for value in _IGNORED - set(listed.values) if values.masks[value] == values.looked > 0]
    if wrong:
        mask = plain.tree.where(values.first[wrong[0]])
        yield Note(
            f"The masks hold {some([str(value) for value in wrong])}, such as {mask}, but {listed.label} names"
            f" {ranges(listed.values)}.{_numbering(listed, values)} List what is missing, mend the masks, or name the"
            " value of unknown pixels in source.ignore."
        )
    elif absent and unknown:
        named = ", ".join(f"{line.value} ({line.name})" for line in absent[:3])
        numbering = _numbering(listed, values) or (
            f" If {unknown[0]} is a class, begin each line of the list with its value, such as"
            f" `{unknown[0]}: {absent[-1].name}`."
        )
        yield Note(
            f"Value {named} is in no mask, but {unknown[0]}, which means unknown, is in all"
            f" {values.looked:,}.{numbering}"
        )


def _numbering(listed: ClassList, values: MaskValues) -> str:
    """Says how the list names the values, where there are as many lines as values."""
    held = sorted(values.pixels)
    if len(held) != len(listed.lines):
        return ""
    lines = ", ".join(f"`{value}: {line.name}`" for value, line in zip(held, listed.lines, strict=True))
    return f" If they are the classes in this order, write the values before the names in {listed.label}: {lines}."


def _colours(plain: _Plain) -> Iterator[Note]:
    """Yields that masks hold colours which nobody has said the meaning of."""
    colours, coloured = plain.values.colours, plain.values.coloured
    if not coloured or plain.has_palette:
        return
    if len(colours) > _MOST_COLOURS:
        yield Note(
            f"{counted(len(coloured), 'mask')} of {len(colours):,} colours, which were smoothed or compressed: save"
            f" class numbers. Such as {some(coloured)}.",
            tuple(coloured),
        )
        return
    named = ", ".join(f"#{colour:06x}" for colour, _ in colours.most_common(_COLOURS))
    yield Note(
        f"{counted(len(coloured), 'mask')} of {counted(len(colours), 'colour')} in the place of class numbers. Write"
        f" {plain.where('palette.txt')}, line i the colour of value i; the commonest are {named}.",
        tuple(coloured),
    )


def _notes(plain: _Plain) -> Iterator[str]:
    """Yields what was found."""
    yield f"{counted(len(plain.images), 'image')}, {counted(len(plain.masks), 'mask')}"
    listed, values = plain.listed, plain.values
    if listed:
        background = "and background, value 0" if listed.background else "without background: value 0 is a class"
        yield f"{counted(len(listed.classes), 'class')} {background}"
    if values.looked:
        looked = f" ({values.looked:,} were read)" if values.looked < len(plain.masks) else ""
        ignored = (_IGNORED & set(values.pixels)) - set(listed.values if listed else ())
        held = [ranges(sorted(set(values.pixels) - ignored)), f"{ranges(sorted(ignored))}, ignored" if ignored else ""]
        yield f"the masks hold {', and '.join(part for part in held if part)}{looked}"
    if listed and not listed.background and values.zero_is_background:
        yield (
            f"value 0 is {listed.classes[0]!r}, but looks like background: it is in {values.masks[0]:,} of"
            f" {counted(values.looked, 'mask')} and on {100 * values.border_share:.0f} % of their borders. If it is,"
            f" let `background` be the first line of {listed.label}"
        )

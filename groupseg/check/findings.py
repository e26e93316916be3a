"""What should be known of a data set before it is used, in sentences."""

from collections.abc import Iterator, Sequence

from groupseg.check.survey import Survey
from groupseg.datasets.notes import counted

# A class with fewer images to calibrate on has no threshold of its own worth the name.
_FEW = 5
_NAMED = 12


def survey_findings(survey: Survey) -> list[str]:
    """Lists what stands out, the gravest first; nothing where all is well."""
    return [*_twins(survey), *map(str, survey.notes), *_labels(survey), *_few(survey)]


def outline(survey: Survey) -> str:
    """Says in a sentence or two what the data set is."""
    parts = [counted(len(split.keys), f"{name} image") for name, split in survey.splits.items()]
    background = "with background" if survey.background else "without background"
    text = f"{' and '.join(parts)} of {counted(len(survey.classes), 'class')} {background}."
    if not survey.folds:
        return text
    return f"{text} They are calibrated and judged in turn, in {survey.folds} folds: no image judges itself."


def _twins(survey: Survey) -> Iterator[str]:
    """Says what is there twice, where it leaks and where it does not."""
    leaking = [twins for twins in survey.twins if survey.leaks(twins)]
    parts = "folds" if survey.folds else "splits"
    if leaking:
        yield (
            f"{counted(len(leaking), 'pair')} of pictures in two {parts} that are the same or nearly so, such as"
            f" {survey.image_name(leaking[0].first)} and {survey.image_name(leaking[0].second)}: what is fitted on a"
            " picture must not be judged on it. Take one of each pair out."
        )
    if rest := len(survey.twins) - len(leaking):
        yield f"{counted(rest, 'pair')} of pictures in one of the {parts} that are the same or nearly so count twice."


def _labels(survey: Survey) -> Iterator[str]:
    """Says what has no pixel."""
    for name, split in survey.splits.items():
        if missing := survey.missing(name):
            yield f"{name}: no pixel of {_some([survey.label_name(label) for label in missing])}."
        if split.unlabelled:
            names = _some([split.names[row] for row in split.unlabelled])
            yield f"{name}: {counted(len(split.unlabelled), 'image')} without a labelled pixel: {names}."


def _few(survey: Survey) -> Iterator[str]:
    """Says which classes have next to nothing to calibrate on."""
    name, split = next(iter(survey.splits.items()))
    rare = [label for label in survey.labels if 0 < split.images[label] < _FEW]
    if rare:
        yield f"{name}: fewer than {_FEW} images of {_some([survey.label_name(label) for label in rare])}."


def _some(names: Sequence[str]) -> str:
    """Names the first dozen, and says how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more

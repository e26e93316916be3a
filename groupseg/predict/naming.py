"""What segments are called and by which rule: any classes with a rule that needs no calibration, or a calibration."""

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groupseg.array_types import Labels
from groupseg.datasets.class_lists import parse_class_list
from groupseg.datasets.texts import is_text
from groupseg.errors import UserError, printable
from groupseg.io.plain_file import check_plain_file
from groupseg.refine.settings import UNREFINED, Refine, parse_refine
from groupseg.report.calibration_forms import UsableCalibration
from groupseg.report.calibrations import read_calibration
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.background_prompts import BackgroundPrompts
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.scores import Scores

BACKGROUND = "background"
TEMPLATES = ("a photo of a {}.",)
# Of the rule without a calibration, in nats: a class must be 20 times as likely as any background word.
THRESHOLD = 3.0

# What the names of lists of classes end with.
_LISTS = frozenset({".txt", ".names", ".csv"})


class UncalibratedPrompts(BackgroundPrompts):
    """The rule for words that nothing is calibrated for: best class where it is ahead of every background word.

    The score is the logarithm of how many times as likely the class is as the nearest background word, in nats. What it
    means depends neither on the number of classes, as a softmax does, nor on the logit scale of a model, as a cosine
    does.
    """

    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and its lead, [S] float64 in nats."""
        label, lead = super().candidates(table, vocabulary)
        return label, table.scale * lead


@dataclass(frozen=True, kw_only=True)
class Naming:
    """How segments get their names, and which segments the rule is for.

    Attributes:
        classes: The names, without background.
        words: What stands for each class in the prompts.
        templates: The sentences around a word.
        ensemble: The sentences that a rule chooses from; none for a rule that does not.
        strategy: The rule, calibrated where it has to be.
        with_background: Whether a segment may be none of the classes.
        origin: Where the rule is from, for the protocol.
        refine: How masks are refined.
    """

    classes: tuple[str, ...]
    words: tuple[str, ...]
    templates: tuple[str, ...]
    ensemble: tuple[str, ...]
    strategy: Strategy
    with_background: bool
    origin: Mapping[str, Any]
    refine: Refine = UNREFINED

    def protocol(self) -> dict[str, Any]:
        """Says how segments got their names."""
        record = self.strategy.to_json()
        renamed = {name: word for name, word in zip(self.classes, self.words, strict=True) if name != word}
        return {
            "strategy": {**self.origin, "rule": record["rule"], "params": record["params"]},
            "templates": list(self.templates),
            "words": renamed,
        }


def find_naming(
    classes: str | Sequence[str] | None, strategy: str | Path | None, weights: str, **options: Any
) -> Naming:
    """Names segments as a calibration says, or by a rule that needs none.

    Args:
        classes: Names; or one string, with commas between them. With a calibration they may be left out.
        strategy: The file of a calibration; None for a rule that needs none.
        weights: sha256 of the model's weights.
        options: See `calibrated_naming`, or `free_naming`.

    Raises:
        UserError: If there is no class, one is empty or given twice, or the calibration is of other classes or of
            another model.
    """
    if strategy is None:
        return free_naming(classes or (), **options)
    return calibrated_naming(strategy, weights, classes, **options)


def free_naming(
    classes: str | Sequence[str],
    *,
    templates: Sequence[str] = TEMPLATES,
    threshold: float = THRESHOLD,
    with_background: bool = True,
    refine: Refine | str = UNREFINED,
) -> Naming:
    """Names segments by any words, without a calibration; see `UncalibratedPrompts`.

    Args:
        classes: See `parse_classes`.
        templates: Sentences with a {} for the word; their mean stands for the class.
        threshold: How far a class must be ahead of the background words, in nats; below 0 it may lie behind.
        with_background: Whether a segment may be none of the classes.
        refine: How masks are refined: settings, or a line that `parse_refine` reads, such as "pamr".

    Raises:
        UserError: If the classes are none, or one is empty or given twice; if the threshold is not finite, or there is
            no such refinement.
    """
    if not math.isfinite(threshold):
        raise UserError(f"threshold: must be a finite number of nats, but is {threshold}. Leave it out to take 3.")
    names = parse_classes(classes)
    strategy = UncalibratedPrompts(words="sclip", calibrated=False)
    strategy.threshold, strategy.miou = threshold, float("nan")
    return Naming(
        classes=names,
        words=names,
        templates=tuple(templates),
        ensemble=(),
        strategy=strategy,
        with_background=with_background,
        origin={"calibration": None, "threshold": threshold},
        refine=parse_refine(refine) if isinstance(refine, str) else refine,
    )


def calibrated_naming(
    path: str | Path, weights: str, classes: str | Sequence[str] | None = None, with_background: bool | None = None
) -> Naming:
    """Names segments, and refines masks, as a calibration says, `results/calibration/<data set>/<strategy>.json`.

    Args:
        path: The calibration.
        weights: sha256 of the model's weights, which must be those it was made with.
        classes: None, or the classes of the calibration in any order.
        with_background: Whether a segment may be none of the classes; None as in the data set.

    Raises:
        UserError: If the file is no calibration, or one of other weights or classes.
    """
    check_plain_file(path, "a calibration, such as results/scenes/calibration/scenes20/context.json")
    remedy = "Give one of results/<run>/calibration/; once it is deleted there, `dvc repro` makes it again."
    record, rule = read_calibration(Path(path), UsableCalibration, remedy)
    text, names = record["text"], tuple(record["classes"])
    if len(text["words"]) != len(names):
        raise UserError(f"{path} has {len(text['words'])} words for {len(names)} classes. {remedy}")
    try:
        refine = parse_refine(record.get("refine", "none"))
    except UserError as error:
        raise UserError(f"{path}: {error} {remedy}") from error
    naming = Naming(
        classes=names,
        words=tuple(text["words"]),
        templates=tuple(text["templates"]),
        ensemble=tuple(text["ensemble"]) if rule.uses_ensemble else (),
        strategy=rule,
        with_background=record["with_background"] if with_background is None else with_background,
        origin={"calibration": printable(str(path)), "dataset": record["dataset"]},
        refine=refine,
    )
    found = record["weights_sha256"]
    if found != weights:
        raise UserError(
            f"{path} was calibrated with the weights {found[:12]}, but the model has {weights[:12]}. Calibrate this"
            " model, or give the other one."
        )
    if classes is not None and (differing := set(parse_classes(classes)) ^ set(names)):
        raise UserError(
            f"{path} is calibrated for {_some(names)}, but the classes given differ in {_some(sorted(differing))}."
            " Leave the classes out to take those of the calibration."
        )
    return naming


def parse_classes(given: str | Sequence[str]) -> tuple[str, ...]:
    """Returns the names of classes.

    Args:
        given: A list; or one string: words with commas between them, or the path of a list of classes as any tool
            writes it (`groupseg.datasets.class_lists`), whose background and numbers are left out.

    Raises:
        UserError: If there is none, one is empty, is given twice, or is "background".
    """
    where, names = "classes", given.split(",") if isinstance(given, str) else list(given)
    if isinstance(given, str) and _is_file(given):
        where, names = given, _listed(given)
    names = [_as_text(name.strip()) for name in names]
    if not any(names):
        raise UserError(f'{where}: there is none. Name what to look for, such as "cat, sofa".')
    for row, name in enumerate(names):
        if not name:
            raise UserError(f"{where}: entry {row + 1} of {len(names)} is empty. Name a class there, or take it out.")
        if name.casefold() == BACKGROUND:
            raise UserError(f"{where}: {name!r} is what none of the classes is, and has no words. Take it out.")
    name, times = Counter(name.casefold() for name in names).most_common(1)[0]
    if times > 1:
        raise UserError(f"{where}: {name!r} is given {times} times. Give each class once.")
    return tuple(names)


def _as_text(name: str) -> str:
    """Returns a word as it was typed, also in a locale that is not UTF-8."""
    if is_text(name):
        return name
    try:
        return os.fsencode(name).decode()
    except UnicodeError as error:
        raise UserError(f"classes: {printable(name)} is not UTF-8. Write it so, or give a file of classes.") from error


def _is_file(given: str) -> bool:
    """Whether classes are given as a file: one that is there, or what can be nothing else."""
    try:
        return Path(given).is_file() or Path(given).is_fifo() or Path(given).suffix.lower() in _LISTS
    except (OSError, ValueError):  # longer than a path may be
        return False


def _listed(path: str) -> list[str]:
    check_plain_file(path, "a list of classes, one name a line")
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read as a list of classes: {error.strerror}. Mend it or its rights."
        ) from error
    return list(parse_class_list(data, path).classes)


def _some(names: Sequence[str]) -> str:
    """The first few names."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")

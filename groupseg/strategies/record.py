"""The record of a calibration: what was fitted, on what, and what it takes to use it elsewhere."""

from collections.abc import Mapping
from typing import Any

from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.crossfit import CrossFit, crossfit
from groupseg.strategies.protocol import Strategy

# Of the texts, what names segments elsewhere.
_TEXT = ("words", "templates", "ensemble")


def calibrate(
    strategy: Strategy, table: SegmentTable, vocabulary: Vocabulary, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Fits a strategy and records it, with its warnings.

    Args:
        strategy: Is left as it is where the table is cross-fitted.
        table: The calibration images.
        vocabulary: Their classes.
        about: What the texts were made from: "words", "templates" and "ensemble".

    Returns:
        What JSON holds: the strategy's own record, where it was calibrated, and the texts.

    Raises:
        UserError: If the strategy cannot be fitted.
    """
    fitted = calibratable(strategy, table).fit(table, vocabulary).to_json()
    text = {name: about[name] for name in _TEXT}
    return {**origin(table), "with_background": table.with_background, "text": text, **fitted}


def calibratable(strategy: Strategy, table: SegmentTable) -> Strategy:
    """Returns the strategy as it is to be fitted on `table`: a copy for each fold where that is cross-fitted."""
    folds = crossfit(table)
    return CrossFit(strategy, folds) if folds else strategy


def origin(table: SegmentTable) -> dict[str, Any]:
    """Says where a calibration on this table comes from."""
    protocol = {key: table.protocol[key] for key in ("dataset", "split", "weights_sha256")}
    folds = {"crossfit": table.protocol["crossfit"]} if crossfit(table) else {}
    refined = {"refine": table.protocol["refine"]} if "refine" in table.protocol else {}
    return {**protocol, **folds, **refined, "images": len(table.keys), "classes": list(table.classes)}

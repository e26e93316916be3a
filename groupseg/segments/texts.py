"""The texts of a data set on disk, in the space of its segments."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from groupseg.errors import UserError
from groupseg.segments.score_table import score_vocabulary
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary, WordList
from groupseg.text.features import load_features


def load_vocabulary(path: Path, table: SegmentTable) -> tuple[Vocabulary, dict[str, Any]]:
    """Reads texts and brings them into the space of the segments.

    Args:
        path: The texts of the data set, `data/text/<data set>.safetensors`.
        table: The segments.

    Returns:
        The vocabulary, and what the file says of it: "classes", "words", "encoder", "templates", "lists",
            "ensemble".

    Raises:
        UserError: If they are missing, damaged, or texts of other classes than those of the table.
    """
    features, about = load_features(path)
    if tuple(about["classes"]) != table.classes:
        raise UserError(
            f"{path} holds other classes than the segments of {path.stem}. Run `dvc repro embed_text@{path.stem}`."
        )
    if table.kind == "scores":  # The method has read the words itself.
        return replace(score_vocabulary(table), words=tuple(about["words"])), about
    lists = {
        name: WordList(tuple(words), table.project_text(features[f"list.{name}"]))
        for name, words in about["lists"].items()
    }
    text = table.project_text(features["classes"])
    ensemble = np.stack([table.project_text(template) for template in features["ensemble"]])
    return Vocabulary(table.classes, tuple(about["words"]), text, ensemble, lists), about

"""Shows where the points of a data set go, on its test images: `python -m stages.ladder scenes20`."""

from dataclasses import asdict, astuple
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from groupseg.errors import UserError
from groupseg.files import write_json
from groupseg.metrics.bootstrap import resample_weights
from groupseg.metrics.confusion import Integers, confusion_matrix, image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.ladder import Known, ladder, ladder_labels, naive_labels, present_class
from groupseg.metrics.losses import confusions, losses
from groupseg.metrics.reliability import reliability
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies import load
from groupseg.strategies.scores import ScoreName, best_class, checked_scores
from stages.params import load_params
from stages.stage import run
from stages.tables import BASELINE, ORACLE, RESULTS, read_calibration, read_table, read_vocabulary, write_csv

# Scores in 0..1, by the name that they go by in results/reliability: `fixed` takes the product.
PROBABILITIES: dict[str, ScoreName] = {"fixed": "product", "softmax": "softmax"}


def main(dataset: str) -> None:
    """Measures the rungs from the fixed rule to perfect masks, and what the best strategy mixes up."""
    evaluate = load_params().evaluate
    table = read_table(dataset, "test")
    vocabulary, _ = read_vocabulary(dataset, table)
    record = read_calibration(dataset, evaluate.best, read_table(dataset, "calib"))
    candidate, score = load(record).candidates(table, vocabulary)
    predicted = read_predictions(dataset)
    known = Known(
        fixed=predicted[BASELINE],
        calibrated=predicted[evaluate.best],
        candidate=candidate,
        score=score,
        present=present_class(table, checked_scores("cosine", table, vocabulary), candidate),
        oracle=predicted[ORACLE],
    )
    labels = ladder_labels(table, known)
    weights = resample_weights(len(table.keys), evaluate.resamples, evaluate.seed)
    naive = {
        name: float(mean_iou(image_counts(table, given).total())) for name, given in naive_labels(table, known).items()
    }
    rungs = [asdict(rung) for rung in ladder(table, labels, weights)]
    summary = {"strategy": evaluate.best, "rungs": rungs, "naive": naive}
    write_json(RESULTS / "ladder" / f"{dataset}.json", summary, decimals=6)

    names = ["background", *table.classes]
    matrix = confusion_matrix(table, known.calibrated)
    best = confusion_matrix(table, labels["best labelling"])
    write_csv(RESULTS / "confusions" / f"{dataset}.csv", confusion_rows(matrix, names))
    write_csv(RESULTS / "losses" / f"{dataset}.csv", pd.DataFrame({"class": names, **vars(losses(matrix, best))}))
    write_csv(RESULTS / "reliability" / f"{dataset}.csv", reliability_rows(table, vocabulary))


def read_predictions(dataset: str) -> dict[str, NDArray[np.int32]]:
    """Reads the labels of the test segments by strategy, and those of the label oracle.

    Raises:
        UserError: If the file is missing or damaged.
    """
    path = Path("data/predictions") / f"{dataset}.safetensors"
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} is missing or damaged: {error}. Delete it and run `dvc repro`.") from error


def confusion_rows(matrix: Integers, names: list[str]) -> pd.DataFrame:
    """Lists the mix-ups that cost most."""
    columns = ["truth", "predicted", "pixels", "share_of_truth", "miou_gain"]
    rows = pd.DataFrame(map(astuple, confusions(matrix)), columns=columns)
    return rows.assign(truth=[names[row] for row in rows.truth], predicted=[names[row] for row in rows.predicted])


def reliability_rows(table: SegmentTable, vocabulary: Vocabulary) -> pd.DataFrame:
    """Compares the scores that claim to be probabilities with what they are worth."""
    parts = []
    for name, score in PROBABILITIES.items():
        bins = reliability(*best_class(score, table, vocabulary), table.histogram)
        parts.append(pd.DataFrame({"strategy": name, **vars(bins)}))
    return pd.concat(parts)


if __name__ == "__main__":
    run(main)

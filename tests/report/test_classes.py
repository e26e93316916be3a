from dataclasses import replace

import numpy as np
import pandas as pd

from groupseg.report.classes import classes_table, confusions_table, losses_finding
from groupseg.report.numbers import percent
from groupseg.report.results import TABLES, DatasetResults
from groupseg.report.roles import LABEL_ORACLE


def test_each_class_that_occurs_has_what_it_reaches_and_loses(dataset: DatasetResults) -> None:
    table = classes_table(dataset)
    reached = dataset.tables["per_class"].dropna(subset=[LABEL_ORACLE]).set_index("class")
    losses = dataset.tables["losses"].set_index("class")
    assert {row[0] for row in table.rows} == set(reached.index)
    own = [float(row[table.sorted]) for row in table.rows]
    assert own == sorted(own, reverse=True)
    for place, (name, *cells) in enumerate(table.rows):
        shown = reached.loc[name, ["pixel_share", dataset.baseline, dataset.best, LABEL_ORACLE]]
        lost = losses.loc[name, ["background", "wrong_class", "masks"]]
        assert cells == [percent(value) for value in (*shown, *lost)]
        assert len(cells) + 1 == len(table.columns)
        np.testing.assert_allclose(losses.loc[name, "iou"] + lost.sum(), 1, atol=1e-5)
        assert all(table.tints.get((place, column), 0) <= 0 for column in range(len(table.columns)))


def test_confusions_are_the_costliest(dataset: DatasetResults) -> None:
    table = confusions_table(dataset)
    first = dataset.tables["confusions"].iloc[0]
    assert table.rows[0] == [
        first["truth"], first["predicted"], percent(first["share_of_truth"]), percent(first["miou_gain"], 2),
    ]  # fmt: skip
    assert len(table.rows) == min(10, len(dataset.tables["confusions"]))


def test_finding_gives_the_means_and_the_costliest_confusion(dataset: DatasetResults) -> None:
    losses = pd.DataFrame([("cat", 0.5, 0.3, 0.1, 0.1), ("dog", 0.5, 0.1, 0.2, 0.2)], columns=TABLES["losses"])
    confusions = pd.DataFrame([("cat", "dog", 10, 0.25, 0.0123)], columns=TABLES["confusions"])
    crowd = replace(dataset, tables=dataset.tables | {"losses": losses, "confusions": confusions})
    text = losses_finding(crowd)
    assert "20.0 to the background decision, 15.0 to wrong classes and 15.0 to the masks" in text
    assert "25 % of the pixels of cat are called dog; if they were right, mIoU would be 1.23 points higher" in text


def test_no_confusion_is_none(dataset: DatasetResults) -> None:
    tables = dataset.tables | {"confusions": dataset.tables["confusions"][:0]}
    assert "confusion" not in losses_finding(replace(dataset, tables=tables))

"""A small model of when the best class of a segment is right."""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from groupseg.array_types import Integers, Labels
from groupseg.extras import extra
from groupseg.metrics.confusion import hits, image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.segments.blocks import Kept, blocks, by_blocks, keep
from groupseg.segments.table import SegmentKind, SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.strategies.base import StrategyBase, absent_classes
from groupseg.strategies.features import segment_features
from groupseg.strategies.folds import tuning_folds
from groupseg.strategies.plug_in import plug_in_thresholds
from groupseg.strategies.scores import ScoreName, Scores
from groupseg.strategies.single_threshold import single_curve

if TYPE_CHECKING:  # slow to import, and wanted for trees alone
    from lightgbm import Booster


# Small enough for a record, and for a few hundred images.
BOOSTING = {"objective": "binary", "num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 50, "lambda_l2": 1.0}
TREES = 40
# Segments that train a classifier, evenly spread over all: more would not change so small a model.
_ENOUGH = 250_000
# One thread and one order of summation: equal tables give equal trees.
REPRODUCIBLE = {"num_threads": 1, "seed": 0, "deterministic": True, "force_row_wise": True, "verbose": -1}


@dataclass(kw_only=True)
class Classifier(StrategyBase):
    """Best class where a classifier finds it likely enough to be right, else background.

    From the `FEATURES` of a segment the classifier predicts which share of its labelled pixels are of the candidate
    class: each segment counts as right with its right pixels and as wrong with the others. Thresholds are fitted on
    probabilities of images that the classifier has not seen (folds), which are not flattered. Of more than 250,000
    segments, evenly spread ones train it.

    Args:
        rule: "classifier".
        model: "logistic" regression on standardised features, or "boosted" trees (LightGBM, Ke et al. 2017).
        thresholds: "single": the best for all classes together; "plug_in": for each class J / (1 + J), see `PlugIn`.
        score: A key of `SCORES`, by which segments choose their class.

    Attributes:
        trained: The classifier on all calibration images: "mean" and "scale" of the features, "coefficients" and
            "intercept"; or "trees", the text of a LightGBM model.
        cuts: [C], the probability from which a candidate is accepted.
        held_out_miou: mIoU on the calibration images, each labelled by a classifier that has not seen it, 0..1.
        miou: mIoU on the calibration images, 0..1.

    Raises:
        UserError: If a parameter is none of the values it can have.
    """

    # How large segments are and how many there are says something of them alone, not of pixels put together by score.
    NEEDS: ClassVar[SegmentKind | None] = "embeddings"

    rule: Literal["classifier"] = "classifier"
    model: Literal["logistic", "boosted"] = "boosted"
    thresholds: Literal["single", "plug_in"] = "plug_in"
    score: ScoreName = "cosine"

    trained: dict[str, Any] = field(init=False, repr=False, compare=False)
    cuts: list[float] = field(init=False, repr=False, compare=False)
    held_out_miou: float = field(init=False, repr=False, compare=False)
    miou: float = field(init=False, repr=False, compare=False)

    def fit(self, table: SegmentTable, vocabulary: Vocabulary) -> Self:
        """Fits classifier and thresholds; see `Strategy`."""
        with keep(segment_features(self.score, block, vocabulary) for block in blocks(table)) as kept:
            label = np.concatenate([own for own, _ in kept])
            right, pixels = hits(table.histogram, label), table.histogram.sum(axis=1)
            unseen = self._train(kept, table, right, pixels)
        curve, self.warnings = single_curve(label, unseen, table.histogram)
        self.keep_curve(curve)
        single = np.full(len(table.classes), curve.best()[0])
        cuts = single if self.thresholds == "single" else plug_in_thresholds(label, unseen, table)
        self.cuts = cuts.tolist()
        self.held_out_miou = _miou(table, np.where(self.accepted(label, unseen, table), label, 0))
        self.miou = _miou(table, self.predict(table, vocabulary))
        self.warnings += _warnings(table, right, pixels)
        if self.thresholds == "plug_in":
            self.warnings += absent_classes(table, "They take the mean threshold")
        return self

    @by_blocks
    def candidates(self, table: SegmentTable, vocabulary: Vocabulary) -> tuple[Labels, Scores]:
        """Returns the best class of each segment, [S] int32 in 1..C, and the probability that it is right, [S]."""
        label, features = segment_features(self.score, table, vocabulary)
        return label, probability_right(self.trained, features)

    def _train(self, kept: Kept, table: SegmentTable, right: Integers, pixels: Integers) -> Scores:
        """Trains the classifier, and one for each fold; returns what those say that have not seen the segment, [S]."""
        some = np.zeros(len(right), dtype=bool)
        some[:: len(right) // _ENOUGH + 1] = True
        first = np.cumsum([0, *(len(own) for own, _ in kept)])
        places = [slice(*ends) for ends in pairwise(first)]
        features = np.concatenate([own[some[rows]] for (_, own), rows in zip(kept, places, strict=True)])
        self.trained = train_classifier(self.model, features, right[some], pixels[some])
        folds = []
        for rest, held in tuning_folds(table):
            among = rest[some]
            folds.append((held, train_classifier(self.model, features[among], right[some & rest], pixels[some & rest])))
        unseen = np.empty(len(right))
        for (_, own), rows in zip(kept, places, strict=True):
            unseen[rows] = probability_right(self.trained, own)
            for held, trained in folds:
                unseen[rows][held[rows]] = probability_right(trained, own[held[rows]])
        return unseen

    def accepted(self, label: Labels, score: Scores, table: SegmentTable) -> NDArray[np.bool_]:
        """Accepts what reaches the threshold of its class; see `StrategyBase`."""
        return np.asarray(score >= np.array(self.cuts)[label - 1])


def train_classifier(model: str, features: Scores, right: Integers, pixels: Integers) -> dict[str, Any]:
    """Fits a classifier to features [S, F] of segments with `right` [S] pixels of all their labelled `pixels` [S].

    Where all pixels are right or all are wrong, there is nothing to tell apart, and the result is a constant.
    """
    total, wrong = max(int(pixels.sum()), 1), pixels - right
    if not (right.any() and wrong.any()):
        from scipy.special import logit

        zeros = np.zeros(features.shape[1])
        share = np.clip(right.sum() / total, 1e-6, 1 - 1e-6)
        return _linear(zeros, zeros + 1, zeros, float(logit(share)))
    outcome = np.repeat([1, 0], len(features))
    # In units of segments: what regularisation is worth does not depend on the size of images.
    weight = np.concatenate([right, wrong]) * (np.count_nonzero(pixels) / total)
    kept = weight > 0
    rows = np.concatenate([features, features])[kept], outcome[kept], weight[kept]
    return _train_trees(*rows) if model == "boosted" else _train_linear(*rows)


def probability_right(fitted: dict[str, Any], features: Scores) -> Scores:
    """Probability that the candidate is right, [S] float64 in 0..1.

    Args:
        fitted: What `train_classifier` returns.
        features: [S, F] float64.
    """
    if "trees" not in fitted:
        from scipy.special import expit  # slow to import, as all of scipy.special

        standardised = (features - fitted["mean"]) / fitted["scale"]
        return np.asarray(expit(standardised @ np.array(fitted["coefficients"]) + fitted["intercept"]))
    if len(features) == 0:  # which LightGBM does not take
        return np.zeros(0)
    return np.asarray(_booster(fitted["trees"]).predict(features, num_threads=1), dtype=np.float64)


@lru_cache(maxsize=8)  # asked for each block
def _booster(trees: str) -> "Booster":
    with extra("strategies"):
        from lightgbm import Booster

    return Booster(model_str=trees)


def _train_linear(features: Scores, outcome: Integers, weight: Scores) -> dict[str, Any]:
    with extra("strategies"):
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    found = LogisticRegression(max_iter=1000).fit(scaler.transform(features), outcome, sample_weight=weight)
    return _linear(scaler.mean_, scaler.scale_, found.coef_[0], float(found.intercept_[0]))


def _linear(mean: Scores, scale: Scores, coefficients: Scores, intercept: float) -> dict[str, Any]:
    lists = {"mean": mean.tolist(), "scale": scale.tolist(), "coefficients": coefficients.tolist()}
    return {**lists, "intercept": intercept}


def _train_trees(features: Scores, outcome: Integers, weight: Scores) -> dict[str, Any]:
    with extra("strategies"):
        from lightgbm import Dataset, train

    data = Dataset(features, outcome, weight=weight, params=REPRODUCIBLE)
    return {"trees": train({**BOOSTING, **REPRODUCIBLE}, data, TREES).model_to_string()}


def _warnings(table: SegmentTable, right: Integers, pixels: Integers) -> list[str]:
    """Says where the classifier cannot be trusted."""
    warnings = []
    if not right.any() or not (pixels - right).any():
        outcome = "right" if right.any() else "wrong"
        warnings.append(f"All candidates are {outcome}: there is nothing to learn, and all have one probability.")
    if len(table.keys) == 1:
        warnings.append("One calibration image: the thresholds rest on probabilities of the image they were fitted on.")
    return warnings


def _miou(table: SegmentTable, labels: Labels) -> float:
    return float(mean_iou(image_counts(table, labels).total()))

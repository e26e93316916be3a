"""All strategies by the name of their rule.

Nothing that fits a strategy imports this file: a change to one strategy must not count as a change to the others.
"""

from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from groupseg.errors import UserError
from groupseg.strategies.area import Area
from groupseg.strategies.background_captions import BackgroundCaptions
from groupseg.strategies.background_prompts import BackgroundPrompts
from groupseg.strategies.background_vector import BackgroundVector
from groupseg.strategies.classifier import Classifier
from groupseg.strategies.context import Context
from groupseg.strategies.crossfit import CrossFit
from groupseg.strategies.fixed import Fixed
from groupseg.strategies.floss import Floss
from groupseg.strategies.learned import Learned
from groupseg.strategies.mean_foreground import MeanForeground
from groupseg.strategies.per_class import PerClass
from groupseg.strategies.plug_in import PlugIn
from groupseg.strategies.presence import Presence
from groupseg.strategies.prior import Prior
from groupseg.strategies.protocol import Rule, Strategy
from groupseg.strategies.rankseg import RankSeg
from groupseg.strategies.relative import Relative
from groupseg.strategies.temperature import Temperature
from groupseg.strategies.threshold import Threshold
from groupseg.strategies.top_k import TopK

STRATEGIES: dict[str, type[Rule]] = {
    "fixed": Fixed,
    "threshold": Threshold,
    "per_class": PerClass,
    "relative": Relative,
    "area": Area,
    "temperature": Temperature,
    "top_k": TopK,
    "prior": Prior,
    "presence": Presence,
    "background_prompts": BackgroundPrompts,
    "mean_foreground": MeanForeground,
    "floss": Floss,
    "rankseg": RankSeg,
    "plug_in": PlugIn,
    "classifier": Classifier,
    "learned": Learned,
    "background_vector": BackgroundVector,
    "background_captions": BackgroundCaptions,
    "context": Context,
}


def build(params: dict[str, Any]) -> Strategy:
    """Makes a strategy that is not calibrated yet.

    Args:
        params: "rule", a key of `STRATEGIES`, and the parameters of that rule.

    Raises:
        UserError: If the rule or a parameter is not known, or a value is none that the parameter can have.

    Examples:
        >>> import groupseg
        >>> groupseg.build_strategy({"rule": "relative", "by": "mean_std", "score": "cosine"})
        Relative(rule='relative', by='mean_std', score='cosine')
    """
    try:
        return _rule(params)(**params)
    except TypeError as error:
        raise UserError(
            f"Rule {params['rule']!r} does not take these parameters: {error}. Check params.yaml."
        ) from error


def load(data: dict[str, Any]) -> Strategy:
    """Makes the calibrated strategy that `to_json` has recorded.

    Raises:
        UserError: If the record is not one of a strategy.

    Examples:
        >>> import numpy as np
        >>> import groupseg
        >>> cat = np.array([[0.9, 0.8, 0.55, 0.1]])  # the probability of "cat" at each of four pixels
        >>> scored = groupseg.from_scores(
        ...     [np.stack([cat, 1 - cat])], [[[1, 1, 0, 2]]], ["cat", "sofa"], kind="probabilities"
        ... )
        >>> record = groupseg.Threshold(score="softmax").fit(scored.table, scored.vocabulary).to_json()
        >>> round(groupseg.load_strategy(record).threshold, 3)
        0.675
    """
    if "folds" not in data:
        strategy = _rule(data).from_json(data)
        _check_fitted(strategy)
        return strategy
    same = {key: value for key, value in data.items() if key != "folds"}
    return CrossFit.of([load({**same, **fold}) for fold in data["folds"]])


def _check_fitted(strategy: Rule) -> None:
    """Holds what was found in a record against what `fit` finds, which is said by the types of the fields."""
    record = strategy.to_json()
    for name, value in record["fitted"].items():
        try:
            _type(type(strategy), name).validate_python(value, strict=True)
        except ValidationError as error:
            raise UserError(
                f"The record of a calibration does not fit its rule: fitted.{name} is none that {record['rule']!r} has."
            ) from error


@cache
def _type(kind: type[Rule], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(get_type_hints(kind)[name])


def _rule(data: dict[str, Any]) -> type[Rule]:
    """Looks the class of a strategy up."""
    rule = data.get("rule")
    if rule not in STRATEGIES:
        raise UserError(f"Expected strategy parameter `rule` to be one of {', '.join(STRATEGIES)}, but got {rule!r}.")
    return STRATEGIES[rule]

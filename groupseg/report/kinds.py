"""The strategies by what kind of cure they are."""

from typing import Any

from groupseg.report.results import Results
from groupseg.report.roles import REFERENCE

CONSTANTS, OTHER_SCORES = "a constant", "one threshold on another score"
# Of a rule that the list below does not name, such as one that somebody has added.
_OTHER = "another rule"
# Title of each kind, and the rules that are of it.
CURE_KINDS = {
    CONSTANTS: ("fixed",),
    OTHER_SCORES: ("threshold", "temperature", "top_k", "prior", "floss"),
    "a threshold for each class": ("per_class",),
    "a threshold for each image": ("relative",),
    "a threshold by size": ("area",),
    "a learned temperature and biases": ("learned",),
    "background words": ("background_prompts", "mean_foreground"),
    "background vectors": ("background_vector", "background_captions"),
    "probabilities and classifiers": ("plug_in", "classifier"),
    "the classes of the image first": ("presence", "rankseg"),
    "the image as context": ("context",),
}


def kind_of_cure(rule: str) -> str:
    """The title of the kind that a rule is of."""
    return next((kind for kind, rules in CURE_KINDS.items() if rule in rules), _OTHER)


def by_kind(results: Results) -> dict[str, list[str]]:
    """The strategies that run by kind, without `REFERENCE`; kinds without any are left out."""
    found: dict[str, list[str]] = {kind: [] for kind in (*CURE_KINDS, _OTHER)}
    for name in results.params["run"]["strategies"]:
        if name != REFERENCE:
            found[kind_of_cure(results.params["strategies"][name]["rule"])].append(name)
    return {kind: names for kind, names in found.items() if names}


def same_score(results: Results, name: str) -> str:
    """The strategy that is one calibrated threshold on the score of another one; empty where none runs.

    A strategy that has no score to choose works on the cosine.
    """
    given: dict[str, dict[str, Any]] = results.params["strategies"]
    score = given[name].get("score", "cosine")
    running: list[str] = results.params["run"]["strategies"]
    return next((one for one in running if given[one]["rule"] == "threshold" and given[one]["score"] == score), "")

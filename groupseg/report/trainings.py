"""The models that were trained beside the one that runs, and which of them differ from it by their seed alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from groupseg.refine.settings import refine_of, refinement_of
from groupseg.report.forms import Variant, read_result
from groupseg.report.results import Results

# The label oracle among the strategies of a model.
ORACLE = "oracle"
# mIoU by data set and strategy.
Figures = Mapping[str, Mapping[str, float]]


def trainings(results: Results) -> dict[str, Figures]:
    """The figures of the model that runs, first, and of the variants that have any."""
    run = results.params["run"]
    found: dict[str, Figures] = {run["model"]: {one.name: _flat(one.metrics) for one in results.datasets}}
    for name in run["variants"]:
        path = results.folder / f"variants/{name}.json"
        if path.exists():
            found[name] = {
                dataset: _flat(figures) for dataset, figures in read_result(path, Variant)["datasets"].items()
            }
    return found


def seeds(results: Results, names: Iterable[str]) -> list[str]:
    """Of some models those that differ from the one that runs in nothing but the seed of training, itself included."""
    model = results.params["run"]["model"]
    return [name for name in names if name == model or _differs(results, name, ("seed",))]


def differing(results: Results, names: Iterable[str], settings: Sequence[str]) -> list[str]:
    """Of some models those that differ from the one that runs by these settings and by nothing else but the seed.

    Args:
        results: Has the settings of all of them.
        names: The models.
        settings: Keys of the architecture or of the training, or "refine".
    """
    others = set(names) - set(seeds(results, names))
    return [name for name in names if name in others and _differs(results, name, ("seed", *settings))]


def _flat(figures: Mapping[str, Any]) -> dict[str, float]:
    """The mIoU of each strategy and of the label oracle, from a file of metrics."""
    return {
        **{name: entry["miou"] for name, entry in figures["strategies"].items()},
        ORACLE: figures["oracle"]["label"]["miou"],
    }


def _differs(results: Results, name: str, settings: Sequence[str]) -> bool:
    """Whether a model differs from the one that runs by these settings alone; one that is equal to it does not."""
    model = results.params["run"]["model"]
    return _settings(results, name, settings) == _settings(results, model, settings) and (
        _settings(results, name, ()) != _settings(results, model, ())
    )


def _settings(results: Results, name: str, without: Sequence[str]) -> dict[str, Any]:
    """What a model is and how it is refined, some settings of its architecture and its training left out."""
    model, refined = results.params["models"][name], results.params.get("refine", {})
    own = refinement_of(name, results.params["run"]["model"], {one: refine_of(given) for one, given in refined.items()})
    refine = "" if "refine" in without else str(own)
    sections = ("architecture", "training")
    return {**model, "refine": refine, **{key: {**model.get(key, {}), **dict.fromkeys(without)} for key in sections}}

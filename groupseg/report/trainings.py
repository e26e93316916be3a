"""The models that were trained beside the one that runs, by kind: those of a kind differ by their seed alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from groupseg.refine.settings import refine_of, refinement_of
from groupseg.report.forms import Variant, read_result
from groupseg.report.results import Results

# The label oracle among the figures of a model.
ORACLE = "oracle"
_SECTIONS = ("architecture", "training")


class Figure(NamedTuple):
    """A figure of one training, 0..1, and the ends of its 95 % interval over test images."""

    value: float
    low: float
    high: float


# By data set: mIoU by strategy, that of `ORACLE`, and the steps of the ladder by `step`.
Figures = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class ModelKind:
    """Trainings that differ by their seed alone.

    Attributes:
        names: What they are called.
        changes: The settings by which they differ from the model that runs, with their values; "refine" among them.
    """

    names: list[str]
    changes: dict[str, Any]


def trainings(results: Results) -> dict[str, Figures]:
    """The figures of the model that runs, first, and of the variants that have any."""
    run = results.params["run"]
    found: dict[str, Figures] = {
        run["model"]: {one.name: _flat({**one.metrics, "ladder": one.ladder}) for one in results.datasets}
    }
    for name in run["variants"]:
        path = results.folder / f"variants/{name}.json"
        if path.exists():
            found[name] = {
                dataset: _flat(figures) for dataset, figures in read_result(path, Variant)["datasets"].items()
            }
    return found


def kinds(results: Results, names: Iterable[str]) -> list[ModelKind]:
    """Sorts models by kind; the first kind is that of the model that runs.

    A model that is equal to another one in all settings, the seed among them, counts once.
    """
    own = _settings(results, results.params["run"]["model"])
    found: dict[str, ModelKind] = {}
    known: list[dict[str, Any]] = []
    for name in names:
        settings = _settings(results, name)
        if settings in known:
            continue
        known.append(settings)
        changes = {key: value for key, value in settings.items() if own.get(key) != value and key != "seed"}
        found.setdefault(str(sorted(changes.items())), ModelKind([], changes)).names.append(name)
    return list(found.values())


def same_weights(results: Results, name: str, names: Iterable[str]) -> list[str]:
    """Of some models those that differ from a model by nothing but how masks are refined."""
    own = {**_settings(results, name), "refine": ""}
    return [one for one in names if {**_settings(results, one), "refine": ""} == own]


def step(rung: str) -> str:
    """What the step up to a rung is called among the figures of a model."""
    return f"step to {rung}"


def _flat(figures: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures of each strategy, of the label oracle, and the steps of the ladder where there is one."""
    oracle = {ORACLE: figures["oracle"]["label"]}
    rungs = (figures.get("ladder") or {}).get("rungs", [])
    steps = {step(one["name"]): Figure(one["step"], *one["step_ci"]) for one in rungs}
    judged = {**figures["strategies"], **oracle}
    return {**{name: Figure(one["miou"], *one["miou_ci"]) for name, one in judged.items()}, **steps}


def _settings(results: Results, name: str) -> dict[str, Any]:
    """What a model is, how it is trained, and how its masks are refined."""
    model, refined = results.params["models"][name], results.params.get("refine", {})
    own = refinement_of(name, results.params["run"]["model"], {one: refine_of(given) for one, given in refined.items()})
    rest = {key: value for key, value in model.items() if key not in _SECTIONS}
    sections = [model.get(key) or {} for key in _SECTIONS]
    return {**rest, **{key: value for one in sections for key, value in one.items()}, "refine": str(own)}

"""params.yaml: what it may hold, and everything that is wrong with one that does not, at once.

Not a dependency of any stage: a new section must not run anything again. What a stage takes from it are the
sections that dvc.yaml names. Every stage reads it, so nothing slow is imported here. `python -m stages.params` checks
the file and does nothing else.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from groupseg.defaults import completed
from groupseg.errors import UserError
from groupseg.io.files import read_json
from groupseg.io.yaml_file import read_yaml
from stages import paths
from stages.faults import describe, suggestion
from stages.schema import Params
from stages.stage import run


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Reads and checks params.yaml.

    Raises:
        UserError: If it is missing, is no YAML, or holds anything unknown, missing, mistyped or out of range;
            one line for each fault.
    """
    params = check_params(read_yaml(path), path)
    _check_results(params)
    return params


def check_params(data: Any, path: Path) -> Params:
    """Turns what params.yaml holds into types, defaults filled in; raises UserError with one line for each fault."""
    data = completed(data)
    try:
        params = Params.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        faults = [describe(Params, details) for details in error.errors()]
    else:
        faults = []
    if faults := [*faults, *_names_that_run(data), *_archives_needed(data)] or list(_left_out(params)):
        raise UserError("\n".join(f"{path}: {fault}" for fault in faults))
    return params


def _left_out(params: Params) -> Iterator[str]:
    """Yields the strategies that other sections ask for, but that need another kind of segments than the model has."""
    kind = params.segments
    asked = {f"datasets.{name}.baseline": params.datasets[name].baseline for name in params.run.datasets}
    for place, name in {**asked, "evaluate.best": params.evaluate.best}.items():
        if (needed := params.strategies[name].needs) not in (None, kind):
            yield f"{place}: {name!r} needs {needed}, but segments of {params.run.model!r} have {kind}; name another"


def _check_results(params: Params) -> None:
    """Refuses a run that would write over the results of another one: of other data sets, or of another model."""
    folder = paths.results(params)
    found = {file.stem: file for file in (folder / "metrics").glob("*.json")}
    whole = (folder / "summary.json").exists()
    models = {_model_of(file) for file in found.values()}
    same = found.keys() == set(params.run.datasets) if whole else found.keys() <= set(params.run.datasets)
    if found and not (same and models == {params.run.model}):
        raise UserError(
            f"{folder} holds the results of {', '.join(sorted(models))} on {', '.join(sorted(found))}, which this run "
            f"({params.run.model} on {', '.join(params.run.datasets)}) would write over. Give this run a name of its "
            "own, such as -S run.name=mine, or delete that folder."
        )


def _model_of(metrics: Path) -> str:
    """Returns the model whose figures a file holds."""
    data = read_json(metrics)
    protocol = data.get("protocol") if isinstance(data, dict) else None
    if not isinstance(protocol, dict) or not isinstance(model := protocol.get("model"), str):
        raise UserError(f"{metrics} does not say which model it is of. Delete it and run `dvc repro` again.")
    return model


def _names_that_run(data: Any) -> Iterator[str]:
    """Yields what is wrong with the names in `run`; from the raw data, so that other faults hide none."""
    run = data.get("run") if isinstance(data, dict) else None
    if not isinstance(run, dict):
        return
    for key in ("model", "variants", "datasets", "corpora", "strategies", "without"):
        section = {"model": "models", "variants": "models", "without": "strategies"}.get(key, key)
        defined = _keys(data.get(section))
        names = run[key] if isinstance(run.get(key), list) else [run.get(key)]
        for name in names:
            if isinstance(name, str) and name not in defined:
                yield f"run.{key}: {name!r} is not defined under `{section}`{suggestion(name, defined)}"
        for name, count in Counter(map(str, names)).items():
            if count > 1:
                yield f"run.{key}: {name!r} is listed {count} times; list it once"
    yield from _strategies_asked_for(data, run)
    yield from _of_the_model(data, run)
    models = list(map(str, data["models"])) if isinstance(data.get("models"), dict) else []
    for name in data["refine"] if isinstance(data.get("refine"), dict) else ():
        if name not in models:
            yield f"refine.{name}: {name!r} is not defined under `models`{suggestion(str(name), models)}"
        elif isinstance(section := data["models"][name], dict) and "scores" in section:
            yield f"refine.{name}: scores that are given are taken as they are; leave this out"


def _of_the_model(data: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Yields what does not go with a model that is trained here, or with one that is not."""
    given = data["models"] if isinstance(data.get("models"), dict) else {}
    sections = {name: section for name, section in given.items() if isinstance(section, dict)}
    trained = {name: "architecture" in section for name, section in sections.items()}
    name = str(run.get("model"))
    if "training" in sections.get(name, {}) and run.get("corpora") == []:
        yield f"run.corpora: must have at least 1 item, for {name!r} is trained on them; got []"
    for variant in run["variants"] if isinstance(run.get("variants"), list) else []:
        if isinstance(variant, str) and not trained.get(variant, True):
            yield f"run.variants: {variant!r} is not trained by the stage `train`; it can only be run.model"


def _strategies_asked_for(data: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Yields what is wrong with the strategies that other sections name."""

    def names(section: Any, key: str) -> list[str]:
        given = section.get(key) if isinstance(section, dict) else None
        return [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]

    running, defined = names(run, "strategies"), _keys(data.get("strategies"))
    datasets = data["datasets"] if isinstance(data.get("datasets"), dict) else {}
    asked = {f"datasets.{name}.baseline": names(datasets.get(name), "baseline") for name in names(run, "datasets")}
    for place, named in {**asked, "evaluate.best": names(data.get("evaluate"), "best")}.items():
        for name in named:
            if name not in running:
                yield f"{place}: {name!r} is not listed in run.strategies{suggestion(name, running)}"
    studies = data.get("studies")
    for name in names(studies.get("vocabulary") if isinstance(studies, dict) else None, "strategies"):
        if name not in defined:
            hint = suggestion(name, defined)
            yield f"studies.vocabulary.strategies: {name!r} is not defined under `strategies`{hint}"


def _archives_needed(data: Any) -> Iterator[str]:
    """Yields what is wrong with the archives in `needs`."""
    if not isinstance(data, dict) or not isinstance(needs := data.get("needs"), dict):
        return
    defined = _keys(data.get("archives"))
    for kind, section in needs.items():
        for owner, names in section.items() if isinstance(section, dict) else ():
            for name in names if isinstance(names, list) else ():
                if isinstance(name, str) and name not in defined:
                    hint = suggestion(name, defined)
                    yield f"needs.{kind}.{owner}: {name!r} is not defined under `archives`{hint}"


def _keys(section: Any) -> list[str]:
    return list(map(str, section)) if isinstance(section, dict) else []


def main() -> None:
    """Checks params.yaml and does nothing else."""
    load_params()


if __name__ == "__main__":
    run(main)

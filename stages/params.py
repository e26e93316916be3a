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
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from groupseg.errors import UserError
from groupseg.files import read_json
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
    data = _read(path)
    faults = [*_names_that_run(data), *_archives_needed(data)]
    try:
        params = Params.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        faults = [describe(Params, details) for details in error.errors()] + faults
    if faults:
        raise UserError("\n".join(f"{path}: {fault}" for fault in faults))
    _check_results(params)
    return params


def _check_results(params: Params) -> None:
    """Refuses a run that would write over the results of another one: of other data sets, or of another model."""
    folder = paths.results(params)
    found = {file.stem: file for file in (folder / "metrics").glob("*.json")}
    whole = (folder / "summary.json").exists()
    models = {read_json(file)["protocol"]["model"] for file in found.values()}
    same = found.keys() == set(params.run.datasets) if whole else found.keys() <= set(params.run.datasets)
    if found and not (same and models == {params.run.model}):
        raise UserError(
            f"{folder} holds the results of {', '.join(sorted(models))} on {', '.join(sorted(found))}, which this run "
            f"({params.run.model} on {', '.join(params.run.datasets)}) would write over. Give this run a name of its "
            "own, such as -S run.name=mine, or delete that folder."
        )


def _read(path: Path) -> Any:
    try:
        # YAML 1.2, as DVC reads it: 1e-3 is a number, and `no` is a word.
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run from the top folder of the checkout.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8 text.") from error
    except MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise UserError(
            f"{path}:{line} {(error.problem or 'no YAML').splitlines()[0]}. Mend the YAML there."
        ) from error


def _names_that_run(data: Any) -> Iterator[str]:
    """Yields what is wrong with the names in `run`; from the raw data, so that other faults hide none."""
    run = data.get("run") if isinstance(data, dict) else None
    if not isinstance(run, dict):
        return
    for key in ("model", "variants", "datasets", "corpora", "strategies"):
        section = {"model": "models", "variants": "models"}.get(key, key)
        defined = list(map(str, data[section])) if isinstance(data.get(section), dict) else []
        names = run[key] if isinstance(run.get(key), list) else [run.get(key)]
        for name in names:
            if isinstance(name, str) and name not in defined:
                yield f"run.{key}: {name!r} is not defined under `{section}`{suggestion(name, defined)}"
        for name, count in Counter(map(str, names)).items():
            if count > 1:
                yield f"run.{key}: {name!r} is listed {count} times; list it once"
    yield from _strategies_asked_for(data, run)
    yield from _of_the_model(data, run)


def _of_the_model(data: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Yields what does not go with a model that is trained here, or with one that is not."""
    given = data["models"] if isinstance(data.get("models"), dict) else {}
    sections = {name: section for name, section in given.items() if isinstance(section, dict)}
    trained = {name: "architecture" in section for name, section in sections.items()}
    name = str(run.get("model"))
    if "training" in sections.get(name, {}) and run.get("corpora") == []:
        yield f"run.corpora: must have at least 1 item, for {name!r} is trained on them; got []"
    for variant in run["variants"] if isinstance(run.get("variants"), list) else []:
        if not trained.get(variant, True):
            yield f"run.variants: {variant!r} is not trained by the stage `train`; it can only be run.model"


def _strategies_asked_for(data: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Yields what is wrong with the strategies that other sections name."""

    def names(section: Any, key: str) -> list[str]:
        given = section.get(key) if isinstance(section, dict) else None
        return [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]

    running, defined = names(run, "strategies"), list(data.get("strategies") or {})
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
    defined = list(map(str, data.get("archives") or {}))
    for kind, section in needs.items():
        for owner, names in section.items() if isinstance(section, dict) else ():
            for name in names if isinstance(names, list) else ():
                if isinstance(name, str) and name not in defined:
                    hint = suggestion(name, defined)
                    yield f"needs.{kind}.{owner}: {name!r} is not defined under `archives`{hint}"


def main() -> None:
    """Checks params.yaml and does nothing else."""
    load_params()


if __name__ == "__main__":
    run(main)

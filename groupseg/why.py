"""Why a calibration would be made again: what has changed since its record was made."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from groupseg.code import Code
from groupseg.errors import UserError
from groupseg.records import digest, files_digest
from groupseg.report.calibration_forms import Definition
from groupseg.report.forms import read_result
from groupseg.report.params_form import read_params
from groupseg.report.provenance import git
from groupseg.strategies.registry import STRATEGIES, build


def explain_record(root: Path, dataset: str, strategy: str) -> str:
    """Says in words whether the record of a calibration is right, and what has changed where it is not.

    Args:
        root: The folder of the project.
        dataset: A data set that runs.
        strategy: A strategy that runs.

    Raises:
        UserError: If params.yaml does not define one of them.
    """
    params = read_params(root)
    for kind, name in {"datasets": dataset, "strategies": strategy}.items():
        if name not in params[kind]:
            raise UserError(
                f"{name!r} is not defined under `{kind}` in params.yaml. There are {', '.join(params[kind])}."
            )
    path = Path("results") / params["run"]["name"] / "calibration" / dataset / f"{strategy}.json"
    if not (root / path).exists():
        return f"{path} is not there yet: `dvc repro calibrate@{dataset}` makes it."
    record = read_result(root / path, Definition)
    changes = list(_changes(root, path, record, build(params["strategies"][strategy]).definition()))
    if not changes:
        return f"{path} is up to date."
    return "\n  ".join([f"{path} is to be made again by `dvc repro`. Since it was made:", *changes])


def _changes(root: Path, path: Path, record: dict[str, Any], definition: dict[str, Any]) -> Iterator[str]:
    key, rule = record.get("key", {}), definition["rule"]
    if key.get("params") != digest(definition):
        yield f"parameters: {_differences({'rule': record['rule'], **record['params']}, definition)}"
    for part, file in {
        "data": f"data/segments/{record['dataset']}/calib/table.safetensors",
        "text": f"data/text/{record['dataset']}.safetensors",
    }.items():
        if not (root / file).exists():
            yield f"{part}: {file} is not here to compare with; `dvc pull` or `dvc repro` brings it"
        elif key.get(part) != files_digest(root / file):
            yield f"{part}: {file} is another"
    code, modules = Code(root, ("groupseg",)), ["groupseg.strategies.record", STRATEGIES[rule].__module__]
    if key.get("code") != code.digest(modules):
        yield f"code: {_changed_files(root, path, code.files(modules))}"


def _differences(old: dict[str, Any], definition: dict[str, Any]) -> str:
    new = {"rule": definition["rule"], **definition["params"]}
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return ", ".join(f"{name} {old.get(name)} -> {new.get(name)}" for name in names)


def _changed_files(root: Path, record: Path, files: list[Path]) -> str:
    """Names the files that differ from those of the commit that brought the record, as far as git knows."""
    commit = git(root, "log", "-1", "--format=%H", "--", str(record)).strip()
    changed = git(root, "diff", "--name-only", "--relative", commit, "--", *map(str, files)).split() if commit else []
    return ", ".join(changed) or f"one of {len(files)} files that {record.stem} runs"

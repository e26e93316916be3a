"""Fits all strategies on the calibration images of a data set: `python -m stages.calibrate scenes20`.

A record whose key is right is kept. The others are made on all cores; GROUPSEG_WORKERS says on how many instead.
"""

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from groupseg.io.files import write_json
from groupseg.parallel import in_order, on_one_thread, workers
from groupseg.records import Key, account, changes
from groupseg.report.calibration_forms import KeptCalibration
from groupseg.report.forms import kept_result
from groupseg.segments.memory import check_memory, check_space
from groupseg.strategies.protocol import Strategy
from groupseg.strategies.record import calibrate
from groupseg.strategies.warnings import by_sentence
from stages import paths
from stages.params import load_params
from stages.schema import Params
from stages.stage import run
from stages.tables import calibration_keys, calibration_path, read_table, read_vocabulary, running


def main(dataset: str) -> None:
    """Fits the strategies whose records are missing or made from anything else, and records them."""
    started = time.monotonic()
    params = load_params()
    strategies = running(params, dataset, params.run.strategies, tell=True)
    keys = calibration_keys(dataset, strategies)
    found = {name: changes(read_key(params, dataset, name), key) for name, key in keys.items()}
    stale = {name: reason for name, reason in found.items() if reason}
    make(params, dataset, {name: strategies[name] for name in stale}, keys)
    for path in paths.calibrations(params, dataset).glob("*.json"):
        if path.stem not in strategies:
            path.unlink()
    print(account(f"calibrate {dataset}", len(keys) - len(stale), stale, time.monotonic() - started))


def read_key(params: Params, dataset: str, strategy: str) -> Key | None:
    """Returns the key of a record; None where there is no whole one."""
    return kept_result(calibration_path(params, dataset, strategy), KeptCalibration).get("key")


def make(params: Params, dataset: str, strategies: Mapping[str, Strategy], keys: Mapping[str, Key]) -> None:
    """Fits strategies, each by itself; a record is written as soon as it is made, whatever becomes of the others."""
    if not strategies:
        return
    processes = min(workers(), len(strategies))
    check_memory(paths.table(dataset, "calib"), processes)
    check_space(paths.table(dataset, "calib"), processes)
    table = read_table(dataset, "calib")
    vocabulary, about = read_vocabulary(dataset, table)
    fit = partial(calibrate, table=table, vocabulary=vocabulary, about=about)
    outs = {name: calibration_path(params, dataset, name) for name in strategies}
    work = partial(on_one_thread, partial(make_one, strategies=strategies, keys=keys, outs=outs, fit=fit))
    made = in_order(work, strategies, processes)
    shown = tqdm(made, desc=f"calibrate {dataset}", total=len(strategies), unit="strategy", disable=None)
    for warning in by_sentence(dict(zip(strategies, shown, strict=True))):
        print(f"warning: {dataset}: {warning}", file=sys.stderr)


def make_one(
    name: str,
    strategies: Mapping[str, Strategy],
    keys: Mapping[str, Key],
    outs: Mapping[str, Path],
    fit: Callable[[Strategy], dict[str, Any]],
) -> list[str]:
    """Fits a strategy and writes its record, in whatever process; returns the warnings."""
    record = fit(strategies[name])
    write_json(outs[name], {**record, "key": keys[name]})
    warnings: list[str] = record["warnings"]
    return warnings


if __name__ == "__main__":
    run(main)

"""Chooses how masks are refined, on calibration images alone: `python -m stages.refine`.

No stage of dvc.yaml: what it finds is written into params.yaml by whoever runs it, and the figures stay in git as the
record of the choice. The report says whether params.yaml still follows it. Run `dvc repro` before.
"""

import time
from functools import partial
from pathlib import Path

from tqdm import tqdm

from groupseg.check.forms import check_prepared
from groupseg.datasets.shards import read_crossfit, read_prepared_classes, read_samples
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256, write_json
from groupseg.networks.registry import load_network
from groupseg.records import Key, account, changes, digest, files_digest
from groupseg.report.forms import Chosen, kept_result
from groupseg.segments.table import SegmentTable
from groupseg.segments.vocabulary import Vocabulary
from groupseg.studies.refinement import CANDIDATES, DECIDES, choose_refinement, figures
from stages import paths
from stages.params import load_params
from stages.schema import Params
from stages.stage import run
from stages.tables import read_vocabulary

SPLIT = "calib"


def main() -> None:
    """Judges the candidates unless that is done, and says which is the best."""
    started, params = time.monotonic(), load_params()
    path = paths.results(params) / "refine.json"
    check(params)
    key, old = key_of(params), kept_result(path, Chosen)
    if reason := changes(old.get("key"), key):
        content = choose_refinement({dataset: of_dataset(dataset, params) for dataset in params.run.datasets})
        model = {"model": params.run.model, "weights_sha256": sha256(paths.weights(params.run.model))}
        old = {**model, "decides": DECIDES, "split": SPLIT, **content, "key": key}
        write_json(path, old, decimals=6)
        paths.forget_report()
    print(account("refine", int(not reason), {"figures": reason} if reason else {}, time.monotonic() - started))
    for name, one in sorted(old["candidates"].items(), key=lambda item: -item[1]["mean"]):
        print(f"{100 * one['mean']:5.1f} % mIoU  {name}")
    print(f"Best on the calibration images: {old['choice']}. Set it under `refine` in params.yaml.")


def check(params: Params) -> None:
    """Raises UserError unless there are masks, and calibration images that are no test images."""
    if params.segments == "scores":
        raise UserError("refine: this model scores pixels, and is refined as its method says. Choose for another one.")
    for dataset in params.run.datasets:
        check_prepared(paths.prepared(dataset))
        if read_crossfit(paths.prepared(dataset)):
            raise UserError(
                f"{dataset} calibrates on its test images in turn (crossfit), which must not choose how masks are"
                " refined. Give it `calib` images, or leave it out of run.datasets."
            )


def key_of(params: Params) -> Key:
    """Computes the key of the record."""
    data = [shard for dataset in params.run.datasets for shard in sorted(shards(dataset))]
    return {
        "data": files_digest(paths.weights(params.run.model), *data),
        "text": files_digest(*map(paths.text, params.run.datasets)),
        "params": digest([params.run.datasets, list(map(str, CANDIDATES))]),
        "code": read_json(paths.note("refine"))["code"],
    }


def shards(dataset: str) -> list[Path]:
    """What the figures of a data set are made from."""
    folder = paths.prepared(dataset)
    return [folder / "classes.json", *folder.glob(f"{SPLIT}*.tar")]


def of_dataset(dataset: str, params: Params) -> dict[str, dict[str, float]]:
    """Judges the candidates on a data set."""
    prepared, passes = paths.prepared(dataset), iter(CANDIDATES)
    classes, with_background = read_prepared_classes(prepared)
    network = load_network(paths.weights(params.run.model))
    return figures(
        network,
        lambda: tqdm(read_samples(prepared, SPLIT), desc=f"{dataset}: {next(passes)}", unit="image", disable=None),
        classes,
        with_background,
        partial(in_space, dataset),
    )


def in_space(dataset: str, table: SegmentTable) -> Vocabulary:
    """Reads the texts of a data set, in the space of a table."""
    return read_vocabulary(dataset, table)[0]


if __name__ == "__main__":
    run(main)

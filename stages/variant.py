"""Figures of a model beside the one that runs: `python -m stages.variant scenes_small_seed1`."""

from pathlib import Path
from typing import Any

from tqdm import tqdm

from groupseg.datasets.crossfit import read_crossfit
from groupseg.datasets.shards import read_class_list, read_samples
from groupseg.files import sha256, write_json
from groupseg.metrics.bootstrap import bootstrap_miou, interval, resample_weights
from groupseg.metrics.confusion import Counts, image_counts
from groupseg.metrics.iou import mean_iou
from groupseg.metrics.oracle import label_oracle
from groupseg.networks import load_network
from groupseg.segments.build import build_table
from groupseg.segments.network import Network
from groupseg.segments.table import SegmentTable
from groupseg.strategies import load
from stages.params import load_params
from stages.schema import Params
from stages.stage import run
from stages.tables import calibratable, check_held_out, crossfit, read_vocabulary


def main(name: str) -> None:
    """Segments both splits of every data set, fits every strategy on the one and judges it on the other."""
    params = load_params()
    weights = Path("models") / f"{name}.safetensors"
    network = load_network(weights)
    figures = {dataset: judge(dataset, network, name, params) for dataset in params.run.datasets}
    content = {"model": name, "weights_sha256": sha256(weights), "datasets": figures}
    write_json(Path("results/variants") / f"{name}.json", content, decimals=6)


def judge(dataset: str, network: Network, name: str, params: Params) -> dict[str, Any]:
    """Computes the held-out mIoU of each strategy and of the label oracle on a data set, with 95 % intervals."""
    test = segment(dataset, "test", network, name)
    calibration = test if crossfit(test) else segment(dataset, "calib", network, name)
    check_held_out(test, calibration)
    vocabulary, _ = read_vocabulary(dataset, test)
    draws = resample_weights(len(test.keys), params.evaluate.resamples, params.evaluate.seed)

    def figure(counts: Counts) -> dict[str, Any]:
        return {"miou": float(mean_iou(counts.total())), "miou_ci": interval(bootstrap_miou(counts, draws))}

    figures = {}
    for strategy in tqdm(params.run.strategies, desc=f"{name} on {dataset}", unit="strategy", disable=None):
        # By way of its record, as between `calibrate` and `evaluate`.
        fitted = load(calibratable(params.strategies[strategy], calibration).fit(calibration, vocabulary).to_json())
        figures[strategy] = figure(image_counts(test, fitted.predict(test, vocabulary)))
    return {"strategies": figures, "oracle": {"label": figure(image_counts(test, label_oracle(test)))}}


def segment(dataset: str, split: str, network: Network, name: str) -> SegmentTable:
    """Segments a split, and keeps no map."""
    prepared = Path("data/prepared") / dataset
    classes, with_background = read_class_list(prepared)
    samples = tqdm(read_samples(prepared, split), desc=f"segment {dataset} {split}", unit="image", disable=None)
    folds = read_crossfit(prepared)
    protocol = {"dataset": dataset, "split": split, "model": name, **({"crossfit": str(folds)} if folds else {})}
    return build_table(network, samples, classes, with_background, protocol, lambda key, segments: None)


if __name__ == "__main__":
    run(main)

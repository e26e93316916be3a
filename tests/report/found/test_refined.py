"""Whether params.yaml follows the record of the choice: said one way, and the other way."""

from dataclasses import replace
from pathlib import Path

import pytest

from groupseg.io.files import write_json
from groupseg.report.found import cures, refined
from groupseg.report.found.block import findings
from groupseg.report.gains import Gains
from tests.report.made import PROTOCOL, dataset, raised, results

PAMR, MEANS = "pamr, dilations 1 2, steps 3", {"none": 0.4, "guided, radius 8, epsilon 0.0001": 0.45}


def told(root: Path, used: str, means: dict[str, float], weights: str = PROTOCOL["weights_sha256"]) -> Gains:
    """Figures that were refined in one way, beside the record of a choice."""
    one = dataset()
    protocol = {**PROTOCOL, **({} if used == "none" else {"refine": used})}
    found = results(root, [replace(one, metrics={**one.metrics, "protocol": protocol})])
    if means:
        content = {
            "weights_sha256": weights,
            "choice": max(means, key=lambda name: means[name]),
            "candidates": {name: {"mean": mean} for name, mean in means.items()},
        }
        write_json(found.folder / "refine.json", content)
    return Gains(found)


@pytest.mark.parametrize(
    ("used", "means", "weights", "said"),
    [
        (PAMR, {**MEANS, PAMR: 0.5}, "0" * 64, "refined by `pamr, dilations 1 2, steps 3`, the best of 3 ways on the "
         "calibration images: mean mIoU of one threshold 50.0 %, 40.0 % as they are."),
        (PAMR, {**MEANS, PAMR: 0.3}, "0" * 64, "refined by `pamr, dilations 1 2, steps 3` (30.0 %), though of 3 ways "
         "on the calibration images `guided, radius 8, epsilon 0.0001` is the best (45.0 %, mean mIoU of one "
         "threshold): `refine` in params.yaml does not follow the record."),
        (PAMR, MEANS, "0" * 64, "steps 3` (not tried), though of 2 ways"),
        (PAMR, {**MEANS, PAMR: 0.5}, "1" * 64, "as was chosen for other weights: `python -m stages.refine` chooses"),
        (PAMR, {}, "", "and no record says why: `python -m stages.refine` makes one."),
        ("none", {**MEANS, PAMR: 0.5}, "0" * 64, "Masks are left as they are (40.0 %), though of 3 ways"),
        ("none", {"none": 0.4, PAMR: 0.3}, "0" * 64, "left as they are, the best of 2 ways on the calibration images: "
         "mean mIoU of one threshold 40.0 %."),
        ("none", {}, "", ""),
    ],
)  # fmt: skip
def test_figures_are_held_against_the_record(
    tmp_path: Path, used: str, means: dict[str, float], weights: str, said: str
) -> None:
    found = told(tmp_path, used, means, weights)
    assert said in refined.chosen(found)
    assert bool(refined.chosen(found)) == bool(said)
    assert refined.chosen(found) in ["", *findings(found)]


def test_masks_as_they_are_stand_beside(tmp_path: Path) -> None:
    one = dataset()
    found = results(tmp_path, [one], seeds=(0.02, -0.1))
    models, refine = found.params["models"], {"kind": "pamr", "dilations": [1, 2]}
    models["m2"] = models["m"]
    assert cures.unrefined(Gains(replace(found, params={**found.params, "refine": {}}))) == ""
    params = {**found.params, "refine": {"m": refine, "m2": {"kind": "none"}}}
    said = cures.unrefined(Gains(replace(found, params=params)))
    assert said.startswith("Masks as they are, or refined otherwise (one training each")
    assert "the worst of 2): with `m2` `context` loses on alpha" in said
    write_json(found.folder / "variants/m2.json", {"model": "m2", "datasets": {one.name: raised(one, 0.1)}})
    assert "with `m2` `context` gains on alpha" in cures.unrefined(Gains(replace(found, params=params)))

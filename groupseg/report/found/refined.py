"""Whether masks are refined as the calibration images say."""

from groupseg.report.forms import Chosen, read_result
from groupseg.report.gains import Gains
from groupseg.report.numbers import percent

_COMMAND = "`python -m stages.refine`"


def chosen(found: Gains) -> str:
    """Holds the refinement of the figures against the record of its choice, results/<run>/refine.json."""
    protocol = found.results.datasets[0].metrics["protocol"]
    path, used = found.results.folder / "refine.json", protocol.get("refine", "none")
    masks = "Masks are left as they are" if used == "none" else f"Masks are refined by `{used}`"
    if not path.exists():
        return "" if used == "none" else f"{masks}, and no record says why: {_COMMAND} makes one."
    record = read_result(path, Chosen)
    ways, choice = record["candidates"], record["choice"]
    if record["weights_sha256"] != protocol["weights_sha256"]:
        return f"{masks}, as was chosen for other weights: {_COMMAND} chooses again."
    reached = {name: f"{percent(one['mean'])} %" for name, one in ways.items()}
    among = f"{len(ways)} ways on the calibration images"
    if used == choice:
        plain = "" if used == "none" else f", {reached['none']} as they are"
        return f"{masks}, the best of {among}: mean mIoU of one threshold {reached[used]}{plain}."
    tried = reached.get(used, "not tried")
    return (
        f"{masks} ({tried}), though of {among} `{choice}` is the best ({reached[choice]}, mean mIoU of one threshold): "
        "`refine` in params.yaml does not follow the record."
    )

"""Notes of code in a project without code, as the stage `sources` leaves them where there is some."""

from groupseg.files import write_json
from groupseg.strategies.registry import STRATEGIES
from stages import paths
from stages.sources import RECORDS


def note_code(**changed: str) -> None:
    """Notes for each record of each rule that its code is "same", or what is given for the rule."""
    rules = {rule: changed.get(rule, "same") for rule in STRATEGIES}
    for stage, records in RECORDS.items():
        write_json(paths.code(stage), {"stage": stage, **dict.fromkeys(records, rules)})

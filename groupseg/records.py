"""Records: results that say what they were made from, and are kept for as long as that is the same.

A key has four parts: the data, the texts, the parameters and the code that a result was made from, each as a digest. It
stands in the file that it belongs to.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Key = dict[str, str]

# Parts of a key, in words.
PARTS = {"data": "data", "text": "texts", "params": "parameters", "code": "code"}


def digest(value: Any) -> str:
    """Returns the digest of anything that JSON holds, 16 hexadecimal digits."""
    content = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def files_digest(*paths: Path) -> str:
    """Returns the digest of what files hold, whatever they are called, 16 hexadecimal digits."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digest(digests)


def changes(old: Mapping[str, str] | None, new: Mapping[str, str]) -> str:
    """Says why a record must be made, such as "parameters changed"; empty where its key is right."""
    if old is None:
        return "new"
    changed = [words for part, words in PARTS.items() if old.get(part) != new.get(part)]
    return f"{' and '.join(changed)} changed" if changed else ""


def account(what: str, kept: int, made: Mapping[str, str], seconds: float) -> str:
    """Says in one line what was kept and what was made.

    Args:
        what: Whose records these are.
        kept: How many were kept.
        made: Why each of the others was made, by name.
        seconds: How long that took.

    Examples:
        >>> from groupseg.records import account
        >>> account("calibrate scenes59", 33, {"fixed": "parameters changed"}, 0.4)
        'calibrate scenes59: 33 kept, 1 made (fixed: parameters changed) in 0.4 s'
    """
    reasons: dict[str, list[str]] = {}
    for name, reason in made.items():
        reasons.setdefault(reason, []).append(name)
    told = "; ".join(f"{_some(names)}: {reason}" for reason, names in reasons.items())
    return f"{what}: {kept} kept, {len(made)} made{f' ({told})' if told else ''} in {seconds:.1f} s"


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{', '.join(names[:2])} and {len(names) - 2} more"

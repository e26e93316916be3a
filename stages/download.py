"""Fetches the archives that what runs is made from: `python -m stages.download`."""

from groupseg.files import write_json
from groupseg.sources.fetch import fetch
from stages.archives import RECORDS, Kind, needed_archives, record, record_path, recorded
from stages.params import load_params
from stages.stage import run


def main() -> None:
    """Fetches what is not on record yet into the cache, and records which archives each data set, ... is made from."""
    params = load_params()
    running: dict[Kind, list[str]] = {
        "datasets": params.run.datasets, "corpora": params.run.corpora, "models": [params.run.model],
    }  # fmt: skip
    kept = set()
    for kind, names in running.items():
        for name in names:
            path = record_path(kind, name)
            archives = needed_archives(params, kind, name)
            # What is on record is not fetched for another mirror or another data set: who has pulled what was prepared
            # from it needs it no more. The stage that does need it fetches it.
            if recorded(path, archives) is None:
                write_json(path, [record(archive, fetch(archive).digest) for archive in archives])
            kept.add(path)
    for path in set(RECORDS.rglob("*.json")) - kept:
        path.unlink()


if __name__ == "__main__":
    run(main)

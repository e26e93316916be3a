"""The HTML report: one file that needs nothing else, not even a network."""

import json
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

from groupseg.drawings import told
from groupseg.errors import UserError
from groupseg.io.files import atomic_path
from groupseg.report import finding, provenance
from groupseg.report.exhibits import exhibits
from groupseg.report.found.block import NOTE, findings
from groupseg.report.found.cures import cures_table
from groupseg.report.gains import Gains
from groupseg.report.html import data_uri, environment, marked
from groupseg.report.results import DatasetResults, Results
from groupseg.report.tables import figures_table, strategies_table
from groupseg.report.ties import ties
from groupseg.report.transfer import transfer_finding, transfer_table
from groupseg.strategies.warnings import by_sentence

# What each part of the protocol is called in the report.
_PROTOCOL = {
    "model": "model",
    "weights (sha256)": "weights_sha256",
    "resolution": "resolution",
    "window": "window",
    "masks refined": "refine",
    "text": "text",
    "scores": "score",
}
# Where the rules are explained: the page that `make docs` makes, or what it makes it of.
_SITE, _MARKDOWN = ".work/site/docs/strategies.html", "docs/strategies.md"


def write_page(results: Results, timings: Path) -> Path:
    """Writes report.html beside the results, from them and their figures.

    Args:
        results: The results.
        timings: The folder in which stages leave seconds and memory.

    Returns:
        Where the report lies.

    Raises:
        UserError: If a figure is missing, or the report cannot be written.
    """
    templates = environment()
    docs = _SITE if (results.root / _SITE).exists() else _MARKDOWN
    # From the folder of the run.
    pages = {name: f"../../{docs}#{given['rule']}" for name, given in results.params["strategies"].items()}
    templates.filters.update(marked=partial(marked, pages=pages))
    html = templates.get_template("report.html.j2").render(_context(results, timings))
    path = results.folder / "report.html"
    with atomic_path(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def _context(results: Results, timings: Path) -> dict[str, Any]:
    figures, found = results.folder / "figures", Gains(results)
    tied, transfer = ties(found), results.transfer
    return {
        "name": results.name,
        "headline": finding.headline(results),
        "drawings": told(results.params),
        "explorer": (results.folder / "explorer.html").exists(),
        "sentences": findings(found),
        "note": NOTE,
        "cures": cures_table(found),
        "strategies": strategies_table(results),
        "figures": {name: _inlined(figures / f"{name}.svg") for name in ("cures", "ladders")},
        "datasets": [_section(dataset, figures, tied[dataset.name]) for dataset in results.datasets],
        "transfer": () if transfer.empty else (transfer_finding(transfer), transfer_table(transfer)),
        "history": _inlined(figures / "history.svg") if results.history else "",
        "stages": provenance.stages_table(provenance.read_stages(results.root / "dvc.yaml", results.params, timings)),
        "commit": provenance.read_commit(results.root),
        "protocol": {title: values for title, key in _PROTOCOL.items() if (values := _values(results, key))},
        "versions": provenance.read_versions(),
        "params": {
            key: json.dumps(value, indent=2, ensure_ascii=False) for key, value in _params_that_ran(results).items()
        },
    }


def _section(dataset: DatasetResults, figures: Path, tied: Collection[str]) -> dict[str, Any]:
    """What the template says about one data set; `tied` are the strategies that cannot be told from the highest."""
    return {
        "name": dataset.name,
        "sentence": finding.sentence(dataset),
        "strategies": figures_table(dataset, tied),
        "notes": [
            *(f"Of the data: {note}" for note in dataset.metrics.get("notes", [])),
            *by_sentence({name: record["warnings"] for name, record in dataset.calibration.items()}),
            *dataset.metrics.get("warnings", []),
        ],
        "exhibits": [
            {
                "title": exhibit.title,
                "finding": exhibit.finding(dataset),
                "tables": [table for make in exhibit.tables if (table := make(dataset)).rows],
                "figure": _inlined(figures / f"{exhibit.name}_{dataset.name}.svg") if exhibit.draw else "",
                "alt": exhibit.alt,
                "caption": exhibit.caption,
            }
            for exhibit in exhibits(dataset)
        ],
        "pictures": _inlined(figures / f"pictures_{dataset.name}.png"),
        "best": dataset.best,
        "baseline": dataset.baseline,
        "credit": dataset.credit,
    }


def _values(results: Results, key: str) -> dict[str, list[str]]:
    """What the protocols say under a key, each value with the data sets that have it; empty where none does."""
    values: dict[str, list[str]] = {}
    for dataset in results.datasets:
        if key in (protocol := dataset.metrics["protocol"]):
            values.setdefault(protocol[key], []).append(dataset.name)
    return values


def _params_that_ran(results: Results) -> dict[str, Any]:
    """The parameters without what they define but do not run."""
    params = results.params
    run = params["run"]
    kept = {
        section: {name: params[section][name] for name in run[section]}
        for section in ("datasets", "corpora", "strategies")
    }
    kept["models"] = {run["model"]: params["models"][run["model"]]}
    kept["refine"] = {name: how for name, how in params["refine"].items() if name == run["model"]}
    needs = {
        kind: {name: files for name, files in given.items() if name in kept[kind]}
        for kind, given in params["needs"].items()
    }
    used = {file for given in needs.values() for files in given.values() for file in files}
    archives = {name: archive for name, archive in params["archives"].items() if name in used}
    return {**params, **kept, "needs": needs, "archives": archives}


def _inlined(path: Path) -> str:
    """A figure as a data URI."""
    try:
        return data_uri(path.read_bytes(), {".png": "png", ".svg": "svg+xml"}[path.suffix])
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run `dvc repro report`, which draws it.") from error

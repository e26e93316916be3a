"""What DVC itself costs: `dvc repro` with nothing to do, against a graph of as many stages that only touch a file.

    python -m benchmarks.nothing_to_do

Run `dvc repro` before. Prints processor seconds of both, and fails where this graph takes over twice as long.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from dvc.repo import Repo

ROUNDS, MOST = 3, 2.0


def main() -> None:
    with Repo() as repo:
        stages = len(list(repo.index.stages))
    with tempfile.TemporaryDirectory() as folder:
        write_stub(Path(folder), stages)
        ours, stub = (min(processor_seconds(Path(place)) for _ in range(ROUNDS)) for place in (".", folder))
    print(f"dvc repro with nothing to do, {stages} stages: {ours:.2f} s of processor time")
    print(f"a stub of {stages} stages: {stub:.2f} s, ratio {ours / stub:.2f}")
    if ours > MOST * stub:
        raise SystemExit(f"more than {MOST:g} times the stub")


def write_stub(folder: Path, stages: int) -> None:
    """Writes and runs a chain of stages, each with one dependency and one output."""
    lines = ["stages:"]
    for index in range(stages):
        lines += [f"  stage{index}:", f"    cmd: touch {index}.txt", f"    outs: [{index}.txt]"]
        lines += [f"    deps: [{index - 1}.txt]"] if index else []
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for command in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro", "-q"]):
        subprocess.run(command, cwd=folder, check=True)


def processor_seconds(folder: Path) -> float:
    """Runs `dvc repro` and returns the user and system time it took."""
    before = os.times()
    done = subprocess.run(["dvc", "repro"], cwd=folder, check=True, capture_output=True, text=True)
    if "Running stage" in done.stdout:
        raise SystemExit("something ran. Run `dvc repro` before.")
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()

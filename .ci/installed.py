"""Looks at an environment that holds the wheel and what it needs, without extras: `installed.py CHECKOUT WHEEL`."""

import re
import subprocess
import sys
import sysconfig
import time
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

LARGEST = 300  # MB
SLOWEST = 0.3  # s
OPTIONAL = ("torch", "sklearn", "lightgbm", "pandas", "matplotlib", "mlflow", "dvc")


def main(checkout: Path, wheel: Path) -> None:
    """Exits with a message at the first thing that is not as it should be."""
    site = Path(sysconfig.get_path("purelib"))
    size = sum(path.lstat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
    check(size < LARGEST, f"{size:.0f} MB installed, at most {LARGEST}")
    there = [name for name in OPTIONAL if find_spec(name)]
    check(not there, f"none of {', '.join(OPTIONAL)} installed {there or ''}")
    check(not (lost := in_git(checkout) - set(ZipFile(wheel).namelist())), f"all files in the wheel {lost or ''}")
    took = min(seconds("import groupseg") - seconds("pass") for _ in range(5))
    check(took < SLOWEST, f"import groupseg takes {took:.3f} s, at most {SLOWEST}")
    blocks = re.findall(r"^```python\n(.*?)^```", (checkout / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (example,) = (block for block in blocks if "from_scores" in block)
    print(example, run(sys.executable, "-c", example).stdout, sep="\n")
    check(run("groupseg", "--help").returncode == 0, "groupseg --help")
    for command, extra in {"predict x": "clip", "report": "pipeline", "explore": "report", "track": "track"}.items():
        done = run("groupseg", *command.split())
        line = rf"error: \w+ is not installed\. Run `pip install 'groupseg\[{extra}\]'`\.\n"
        check(done.returncode == 1 and re.fullmatch(line, done.stderr), f"groupseg {command}: {done.stderr.strip()}")


def check(holds: object, what: str) -> None:
    """Prints what holds, or exits with it."""
    if not holds:
        raise SystemExit(f"not so: {what}")
    print(what)


def in_git(checkout: Path) -> set[str]:
    """Returns the files of the package that are in git."""
    done = subprocess.run(["git", "ls-files", "groupseg"], cwd=checkout, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


def seconds(code: str) -> float:
    """Measures a process of Python."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of this environment; Python's must end well."""
    where = Path(sys.executable).with_name(Path(program).name)
    return subprocess.run([where, *arguments], capture_output=True, text=True, check=program == sys.executable)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

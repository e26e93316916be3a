"""Checks params.yaml and does nothing else: `python -m stages.check_params`."""

from stages.params import load_params
from stages.stage import run


def main() -> None:
    """Says in one line what is wrong with params.yaml."""
    load_params()


if __name__ == "__main__":
    run(main)

"""A locale of ASCII alone: names, params.yaml, class lists and captions are UTF-8 all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

from groupseg.datasets.shards import read_prepared_classes, read_samples
from tests.datasets.exports import labels_of, mask, picture

ROOT = Path(__file__).parents[2]
ACUTE = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"


def test_what_is_utf8_is_read_as_such(tmp_path: Path) -> None:
    params = (ROOT / "params.yaml").read_text("utf-8")
    (tmp_path / "params.yaml").write_text(
        params.replace(
            "\ncorpora:\n",
            f"\ncorpora:\n  mine: {{format: coco_captions, annotations: said.json, path: .}}  # {ACUTE}\n",
            1,
        ),
        "utf-8",
    )
    for index in range(3):
        picture(tmp_path / ACUTE / f"images/{ACUTE}{index}.png", index)
        mask(tmp_path / ACUTE / f"masks/{ACUTE}{index}.png", labels_of(index))
    (tmp_path / ACUTE / "classes.txt").write_text(f"background\n{ACUTE}\nb\nc\n", "utf-8")
    said = {
        "images": [{"id": 1, "file_name": f"images/{ACUTE}0.png"}],
        "annotations": [{"id": 1, "image_id": 1, "caption": f"two {ACUTE}s"}],
    }
    (tmp_path / ACUTE / "said.json").write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHON"))}
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT), "GROUPSEG_WORKERS": "1"}

    def run(*arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env={**env, **ascii_alone}, capture_output=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    run("-c", "from groupseg.cli import app; app()", "data", "init", ACUTE, "--name", "mine", "--run")
    run("-m", "stages.prepare", "mine")
    classes, _ = read_prepared_classes(tmp_path / "data/prepared/mine")
    assert classes[0] == ACUTE
    names = [sample.name for sample in read_samples(tmp_path / "data/prepared/mine", "test")]
    assert names == [f"{ACUTE}{index}" for index in range(3)]
    run("-m", "stages.captions", "mine")
    assert any((tmp_path / "data/captions/mine").iterdir())

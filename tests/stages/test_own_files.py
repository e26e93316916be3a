"""One's own files for data, captions and weights, where params.yaml names downloads: the whole graph, offline."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from groupseg.defaults import completed
from groupseg.io.files import read_json
from groupseg.io.yaml_file import read_yaml
from tests.datasets.layouts import pack, write_lists
from tests.networks.groupvit.tiny import TINY, tiny_model
from tests.stages.test_repro import CHECKOUT, change, new_repository, run

# Python runs this at every start: who asks for another host is noted and refused.
NO_NETWORK = """
import os, socket, sys

def refuse(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple) or event == "socket.getaddrinfo":
        with open(os.environ["ASKED"], "a") as file:
            file.write(f"{sys.argv} {event} {arguments[-2:] if event == 'socket.connect' else arguments}\\n")
        raise ConnectionError("no network")

sys.addaudithook(refuse)
"""


def photographs(folder: Path) -> None:
    """Eight images of one's own; one class is in none of them, and every mask has unknown pixels."""
    random = np.random.default_rng(0)
    for index in range(8):
        for kind, pixels in (
            ("images", random.integers(0, 255, (40, 50, 3), np.uint8)),
            ("masks", random.choice(np.array([0, 1, 2, 255], np.uint8), (40, 50))),
        ):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / kind / f"{index}.png")
    write_lists(folder, classes=["background", "cat", "sofa", "unicorn"])


def captions(folder: Path) -> None:
    """Six images with a sentence each, as COCO has them."""
    random = np.random.default_rng(1)
    (folder / "pictures").mkdir(parents=True)
    for index in range(6):
        Image.fromarray(random.integers(0, 255, (32, 32, 3), np.uint8)).save(folder / f"pictures/{index}.jpg")
    content = {
        "images": [{"id": index, "file_name": f"{index}.jpg"} for index in range(6)],
        "annotations": [{"id": index, "image_id": index, "caption": "a cat on a sofa"} for index in range(6)],
    }
    (folder / "captions.json").write_text(json.dumps(content))


def own_files(params: dict[str, Any]) -> None:
    """Names own files where archives are needed."""
    params["run"].update(
        name="mine", model="groupvit_gcc_yfcc", datasets=["voc", "folder"], corpora=["coco_captions"], folder="own"
    )
    model = params["models"]["groupvit_gcc_yfcc"]
    model["groupvit"] = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(TINY).items()}
    model.update(weights="own/tiny.pth", frame={"short": 64, "long": 256, "crop": 64, "stride": 32})
    params["datasets"]["voc"]["source"].update(path="voc", calib=2)
    source = params["datasets"]["folder"]["source"]
    source.update(path="photos", crossfit=2)
    del source["calib"]
    params["corpora"]["coco_captions"].update(path="told", annotations="captions.json", images=4)
    needed = completed(read_yaml(CHECKOUT / "params.yaml"))["needs"].values()
    assert {"voc", "coco_captions", "groupvit_gcc_yfcc"} <= {name for kind in needed for name in kind}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which all of it has run, with what was printed and who asked for another host."""
    folder = new_repository(tmp_path_factory.mktemp("own"))
    pack(folder / "packed", "voc")
    shutil.move(folder / "packed/unpacked/VOCtrainval_11-May-2012.tar", folder / "own/voc")
    photographs(folder / "own/photos")
    captions(folder / "own/told")
    torch.save({"model": tiny_model().state_dict()}, folder / "own/tiny.pth")
    change(folder, own_files)
    place = folder / "no network"
    place.mkdir()
    (place / "sitecustomize.py").write_text(NO_NETWORK)
    guard = {"PYTHONPATH": f"{place}:{os.environ.get('PYTHONPATH', '')}", "ASKED": str(folder / "asked")}
    done = run(folder, "dvc", "repro", GROUPSEG_CACHE=str(folder / "none"), **guard)
    (folder / "printed").write_text(done.stdout + done.stderr)
    return folder


def test_the_whole_graph_has_run_and_nobody_asked_for_another_host(repository: Path) -> None:
    assert (repository / "results/mine/report.html").exists()
    assert not (repository / "asked").exists(), (repository / "asked").read_text()
    assert not (repository / "none").exists()


def test_the_guard_notes_who_asks_for_another_host(repository: Path, tmp_path: Path) -> None:
    extra = {"PYTHONPATH": str(repository / "no network"), "ASKED": str(tmp_path / "asked")}
    for line in ("socket.create_connection(('127.0.0.1', 9))", "socket.getaddrinfo('example.org', 80)"):
        code = f"import socket\ntry:\n    {line}\nexcept ConnectionError:\n    pass"
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, **extra}, check=True)
    assert len((tmp_path / "asked").read_text().splitlines()) == 2


def test_what_stands_out_in_the_data_is_told_with_the_figures(repository: Path) -> None:
    printed = (repository / "printed").read_text()
    report = (repository / "results/mine/report.html").read_text("utf-8")
    notes = read_json(repository / "results/mine/metrics/folder.json")["notes"]
    absent = (
        "1 of 3 classes in no image, and so in no mean. If images show them, mend the masks or the list of classes:"
    )
    assert f"{absent} unicorn" in notes
    assert any(note.startswith("unknown pixels are in every image. If 255 is a class") for note in notes)
    for note in notes:
        assert note in report
        # By the stage that prepares, and by the one that judges.
        assert printed.count(f"folder: {note}") == 2
    assert "notes" not in read_json(repository / "results/mine/metrics/voc.json")

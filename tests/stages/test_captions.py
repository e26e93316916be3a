"""Captioned images in shards, drawn and found."""

import json
from pathlib import Path

import numpy as np
import pytest
import webdataset

from groupseg.datasets.shards import read_captions
from groupseg.errors import UserError
from groupseg.io.files import read_json, write_json
from groupseg.networks.scenes.images import to_square
from stages import captions, paths
from tests.stages.small import set_params


def test_captioned_scenes_are_drawn(project: Path) -> None:
    set_params({"corpora.scenes80.images": 3})
    captions.main("scenes80")
    images = list(read_captions(project / "data/captions/scenes80"))
    assert len(images) == 3
    for image in images:
        assert image.image.shape == (96, 96, 3)
        assert image.nouns
        assert all(noun in image.caption for noun in image.nouns)
    assert [path.name for path in (project / "data/captions/scenes80").iterdir()] == ["train-00000.tar"]


def test_photographs_of_coco_are_trained_on_with_what_people_said_of_them(project: Path, real: Path) -> None:
    section = {"path": "coco", "annotations": "annotations/captions_val2017.json", "images": 20}
    set_params({"run.folder": str(real), **{f"corpora.coco_captions.{key}": value for key, value in section.items()}})
    captions.main("coco_captions")
    said = json.loads((real / "coco/annotations/captions_val2017.json").read_text())["annotations"]
    images = list(read_captions(project / "data/captions/coco_captions"))
    assert len(images) == 20
    for image in images:
        number = int(image.key.removeprefix("val2017%2F"))
        assert image.caption in {" ".join(each["caption"].split()) for each in said if each["image_id"] == number}
        assert image.nouns
        assert to_square(np.array(image.image), 96).shape == (3, 96, 96)
    manifest = read_json(project / "data/captions/coco_captions/manifest.json")
    assert (manifest["corpus"], manifest["format"], manifest["images"]) == ("coco_captions", "coco_captions", 20)


def test_what_is_passed_over_of_the_web_is_told(project: Path, real: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photographs = sorted((real / "coco/val2017").glob("*.jpg"))[:3]
    (project / "data/raw").mkdir(parents=True)
    with webdataset.TarWriter("data/raw/00000.tar", encoder=False) as writer:
        for index, path in enumerate(photographs):
            writer.write({"__key__": f"{index}", "jpg": path.read_bytes(), "txt": b"two dogs" if index else b" "})
    set_params({"corpora.webdataset.images": 3})
    captions.main("webdataset")
    assert [image.nouns for image in read_captions(project / "data/captions/webdataset")] == [["dog"], ["dog"]]
    warning = r"warning: webdataset: 1 images passed over, 2 written. The first: data/raw/00000.tar/0.jpg: its caption"
    assert warning in capsys.readouterr().err


def test_a_corpus_with_neither_path_nor_archive_is_named(project: Path) -> None:
    set_params({"corpora.webdataset.path": None})
    write_json(paths.source("corpora", "webdataset"), {"archives": []})
    with pytest.raises(UserError, match=r"corpora\.webdataset has no path, and needs\.corpora\.webdataset no archive"):
        captions.main("webdataset")

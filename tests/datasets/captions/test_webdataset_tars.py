"""Shards that webdataset wrote, read by ours and by its own reader."""

import io
import json
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import webdataset
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from webdataset.tariterators import base_plus_ext

from groupseg.datasets.captions.webdataset_tars import read_webdataset
from groupseg.datasets.shards import read_captions
from groupseg.datasets.writer import write_corpus
from groupseg.errors import UserError
from groupseg.io.files import read_json, sha256

ORIGIN = {"corpus": "web", "format": "webdataset"}


def picture(seed: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 7 + seed, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def save(path: Path, samples: list[dict[str, bytes]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with webdataset.TarWriter(str(path), encoder=False) as writer:
        for index, sample in enumerate(samples):
            writer.write({"__key__": f"{index:09d}", **sample})


def write(folder: Path, shards: Path, images: int = 60) -> dict[str, object]:
    return write_corpus(folder, read_webdataset([shards], images), ORIGIN)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two shards of three samples, captions in both ways."""
    folder = tmp_path / "shards"
    save(folder / "b/00000.tar", [{"jpg": picture(i), "txt": f"cat {i}".encode()} for i in range(3)])
    save(
        folder / "a/00000.tar",
        [
            {"jpg": picture(3), "json": json.dumps({"caption": "  dog\n3 ", "url": "http://x"}).encode()},
            # The text file goes before the other.
            {"jpg": picture(4), "txt": b"bird 4", "json": b'{"caption": null}'},
            {"jpg": picture(5), "json": '{"caption": "caf\u00e9 5"}'.encode()},
        ],
    )
    return folder


def test_samples_come_in_the_order_of_shards_with_the_bytes_of_their_images(shards: Path, tmp_path: Path) -> None:
    manifest = write(tmp_path / "out", shards, 6)
    found = list(read_captions(tmp_path / "out"))
    assert [image.caption for image in found] == ["dog 3", "bird 4", "caf\u00e9 5", "cat 0", "cat 1", "cat 2"]
    assert [image.nouns for image in found] == [["dog"], ["bird"], ["caf\u00e9"], ["cat"], ["cat"], ["cat"]]
    theirs = [str(path) for path in (shards / "a/00000.tar", shards / "b/00000.tar")]
    own = [str(tmp_path / "out/train-00000.tar")]
    read = [list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False)) for urls in (theirs, own)]
    assert [sample["jpg"] for sample in read[0]] == [sample["image.jpg"] for sample in read[1]]
    assert manifest == read_json(tmp_path / "out/manifest.json")
    assert manifest == {
        **ORIGIN,
        "images": 6,
        "unusable": 0,
        "reasons": [],
        "shards": {"train-00000.tar": sha256(tmp_path / "out/train-00000.tar")},
    }


def test_the_first_samples_are_taken_and_too_few_are_told(shards: Path, tmp_path: Path) -> None:
    write(tmp_path / "out", shards, 4)
    assert len(list(read_captions(tmp_path / "out"))) == 4
    with pytest.raises(UserError, match=r"60 images asked for, but the shards hold 6\. Lower `images`"):
        write(tmp_path / "out", shards)
    assert len(list(read_captions(tmp_path / "out"))) == 4


def test_pictures_of_every_kind_become_rgb_jpegs(tmp_path: Path) -> None:
    kinds = [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("WEBP", "RGB")]
    names = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
    save(
        tmp_path / "s.tar",
        [{names[kind]: picture(i, kind, mode), "txt": b"a cat"} for i, (kind, mode) in enumerate(kinds)],
    )
    write(tmp_path / "out", tmp_path / "s.tar", 4)
    assert [image.image.shape for image in read_captions(tmp_path / "out")] == [(9, 7 + i, 3) for i in range(4)]


def test_what_cannot_be_used_is_passed_over_and_told(tmp_path: Path) -> None:
    good = {"jpg": picture(1), "txt": b"a cat"}
    faults = [
        ({"jpg": picture(0)[:200], "txt": b"a cat"}, r"000000000\.jpg cannot be read as an image"),
        ({"txt": b"a cat"}, "must hold one image, but holds none"),
        (
            {"jpg": picture(0), "png": picture(0, "PNG"), "txt": b"x"},
            "one image, but holds 000000002.jpg and 000000002",
        ),
        ({"jpg": picture(0)}, "must hold one caption, but holds none"),
        ({"jpg": picture(0), "json": b"{}"}, r"000000004\.json holds no caption: KeyError"),
        ({"jpg": picture(0), "json": b'{"caption": 3}'}, r"000000005\.json holds no caption: got 3"),
        ({"jpg": picture(0), "txt": b"\xff"}, r"000000006\.txt holds no caption: UnicodeDecodeError"),
        ({"jpg": picture(0), "txt": b" "}, r"000000007\.jpg: its caption is empty"),
        (
            {"jpg": picture(0), "json": b'{"caption": "a cat \\ud83d"}'},
            r"000000008\.jpg: its caption holds half a char",
        ),
        ({"jpg": picture(0), "json": b"[" * 100_000}, r"000000009\.json holds no caption: RecursionError"),
        ({"jpg": picture(0), "txt": b"cat " * 100_000}, r"000000010\.jpg: its caption has 100,000 words\."),
    ]
    save(tmp_path / "s.tar", [sample for sample, _ in faults] + [good])
    manifest = write(tmp_path / "out", tmp_path / "s.tar", 12)
    assert (manifest["images"], manifest["unusable"]) == (1, 11)
    assert [image.caption for image in read_captions(tmp_path / "out")] == ["a cat"]
    save(tmp_path / "none.tar", [faults[3][0]])
    with pytest.raises(UserError, match=r"out holds no image .* that can be used\. The first of 1: .* holds none"):
        write(tmp_path / "out", tmp_path / "none.tar", 1)
    files = read_webdataset([tmp_path / "s.tar"], 11)
    for item, (_, message) in zip(files.items, faults, strict=True):
        with pytest.raises(AssertionError, match=message):
            raise AssertionError(getattr(files.entry(item), "reason", ""))


@settings(max_examples=20, deadline=None)
@given(names=st.sets(st.from_regex(r"[a-c](\.[a-c]){0,2}", fullmatch=True), min_size=1, max_size=6))
def test_keys_are_those_of_webdataset_and_what_dots_have_lost_is_counted(
    tmp_path_factory: pytest.TempPathFactory, names: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("dots")
    with tarfile.open(folder / "s.tar", "w") as tar:
        for index, name in enumerate(sorted(names)):
            for suffix, content in (("jpg", picture(index)), ("txt", f"a cat {index}".encode())):
                entry = tarfile.TarInfo(f"{name}.{suffix}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    keys = Counter(base_plus_ext(f"{name}.jpg")[0] for name in names)
    alone = sum(number == 1 for number in keys.values())
    if alone == 0:
        with pytest.raises(UserError, match=f"The first of {len(names)}: "):
            write_corpus(folder / "out", read_webdataset([folder / "s.tar"], None), ORIGIN)
        return
    manifest = write_corpus(folder / "out", read_webdataset([folder / "s.tar"], None), ORIGIN)
    assert (manifest["images"], manifest["unusable"]) == (alone, len(names) - alone)
    for reason in manifest["reasons"]:
        assert "is lost: a dot in its name ends webdataset's key" in reason
    # Named as the message says, all are there.
    better = {name.replace(".", "_") for name in names}
    assert len({base_plus_ext(f"{name}.jpg")[0] for name in better}) == len(names)


def test_no_shard_a_shard_twice_and_a_damaged_one_are_named(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty holds no shard\. Put tar files there"):
        read_webdataset([tmp_path / "empty"], None)
    with pytest.raises(UserError, match=r"00000\.tar and .*00000\.tar share a name"):
        read_webdataset([shards / "a/00000.tar", shards / "b/00000.tar"], None)
    (shards / "c.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(UserError, match=r"c\.tar is no whole tar archive"):
        write(tmp_path / "out", shards, 20)

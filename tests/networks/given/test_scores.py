"""Scores from files and from a function: what is read, and what is said of what cannot be."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from groupseg.datasets.sample import Sample
from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.networks.given.config import ScoreSource
from groupseg.networks.given.kind import GivenKind
from groupseg.networks.given.scores import GivenScores, load_given
from groupseg.networks.registry import find_kind, load_network

CLASSES = ("cat", "dog")
NAME = "a photo.1"
SAMPLE = Sample("a", np.zeros((6, 8, 3), dtype=np.uint8), np.zeros((6, 8), dtype=np.uint8), NAME)


def logits(planes: int = 2, size: tuple[int, int] = (6, 8)) -> NDArray[np.float32]:
    return np.random.default_rng(planes).normal(size=(planes, *size)).astype(np.float32)


def softmax(values: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(values).double().softmax(dim=0).float()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prepared data set of one image, and an empty folder for its scores."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    write_samples(tmp_path / "prepared", list(CLASSES), True, {"test": [SAMPLE]}, {}, 0)
    (tmp_path / "scores/mine").mkdir(parents=True)
    return tmp_path / "scores/mine"


def from_folder(folder: Path, **settings: Any) -> torch.Tensor:
    source = ScoreSource(folder=str(folder.parent), kind="logits", **settings)
    return GivenScores(source, CLASSES, "mine", folder.parents[1] / "prepared")(SAMPLE)


@pytest.mark.parametrize("planes", [2, 3])
@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_logits_of_classes_are_probabilities_with_and_without_background(
    folder: Path, planes: int, ending: str
) -> None:
    given = logits(planes)
    if ending == "npz":
        np.savez(folder / f"{NAME}.npz", given)
    else:
        save_file({"scores": given}, folder / f"{NAME}.safetensors")
    torch.testing.assert_close(from_folder(folder), softmax(given))


def test_probabilities_of_another_size_are_enlarged_bilinearly(folder: Path) -> None:
    small = softmax(logits(size=(3, 4)))
    np.savez(folder / f"{NAME}.npz", small.numpy())
    scores = GivenScores(ScoreSource(folder=str(folder.parent)), CLASSES, "mine", folder.parents[1] / "prepared")
    large = torch.nn.functional.interpolate(small[None], size=(6, 8), mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(scores(SAMPLE), large)
    assert scores.protocol["scores"].startswith("probabilities by files of")


BAD: list[tuple[Any, str]] = [
    (None, r"mine must hold a photo\.1\.npz or a photo\.1\.safetensors, one of the two, but has 0"),
    (b"no archive", r"a photo\.1\.npz cannot be read"),
    ([logits(), logits()], r"a photo\.1\.npz must hold one array, but has 2"),
    ([logits(4)], r"image 'a photo\.1': expected scores of shape \(2, height, width\).* got \(4, 6, 8\)\. It may have"),
    ([logits()[0]], r"expected scores of shape \(2, height, width\).* got \(6, 8\)"),
    ([np.full((2, 6, 8), np.nan)], r"image 'a photo\.1': 96 scores are not finite"),
]


@pytest.mark.parametrize(("given", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_what_is_no_file_of_scores_is_one_line(folder: Path, given: Any, message: str) -> None:
    path = folder / f"{NAME}.npz"
    if isinstance(given, bytes):
        path.write_bytes(given)
    elif given is not None:
        np.savez(path, *given)
    with pytest.raises(UserError, match=message) as caught:
        from_folder(folder)
    assert "\n" not in str(caught.value)


def test_probabilities_that_are_none_are_one_line(folder: Path) -> None:
    np.savez(folder / f"{NAME}.npz", np.full((2, 6, 8), 0.8))
    scores = GivenScores(ScoreSource(folder=str(folder.parent)), CLASSES, "mine", folder.parents[1] / "prepared")
    with pytest.raises(UserError, match=r"image 'a photo\.1': these are no probabilities: .* in 1\.6\.\.1\.6"):
        scores(SAMPLE)


def test_a_file_of_no_image_is_named(folder: Path) -> None:
    np.savez(folder / f"{NAME}.npz", logits())
    np.savez(folder / "other.npz", logits())
    with pytest.raises(
        UserError, match=r"1 of 2 files are of no image of the data set, such as other\.npz\. Images are"
    ):
        from_folder(folder)


FUNCTION = """
import torch

def load(classes):
    weight = torch.arange(3.0 * len(classes)).view(len(classes), 3)
    return lambda image: torch.einsum("cd,hwd->chw", weight, torch.as_tensor(image[::2, ::2]).float() / 255)

def raises(classes):
    raise RuntimeError("no weights\\nat all")

def late(classes):
    return lambda image: image.nothing
"""


def from_function(name: str, tmp_path: Path) -> torch.Tensor:
    (tmp_path / "my_segmenter.py").write_text(FUNCTION)
    return GivenScores(ScoreSource(python=name, kind="logits"), CLASSES, "mine", tmp_path / "prepared")(SAMPLE)


def test_a_function_scores_every_image(folder: Path, tmp_path: Path) -> None:
    torch.testing.assert_close(from_function("my_segmenter:load", tmp_path), torch.full((2, 6, 8), 0.5))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_segmenter:raises", "my_segmenter:raises: RuntimeError: no weights. Mend the function"),
        ("my_segmenter:late", "my_segmenter:late: AttributeError: .*nothing"),
        ("my_segmenter:absent", "my_segmenter:absent: AttributeError: .*absent"),
        ("no_such_module:load", "no_such_module:load: ModuleNotFoundError: No module named 'no_such_module'"),
    ],
)
def test_a_function_that_cannot_be_had_is_one_line(folder: Path, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        from_function(name, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "must hold folder"),
        ({"folder": "a", "python": "b:c"}, "must hold folder"),
        ({"folder": "a", "steps": 0}, "steps"),
        ({"python": "a.b"}, "package.module"),
    ],
)
def test_a_source_is_one_of_two(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScoreSource(**given)


def test_the_file_of_a_model_says_where_scores_come_from_and_changes_with_them(folder: Path, tmp_path: Path) -> None:
    kind, out, source = GivenKind(), tmp_path / "model.safetensors", ScoreSource(folder="scores", kind="logits")
    with pytest.raises(UserError, match=r"scores holds no file\. Put the scores there"):
        kind.convert(folder.parent, out, source, None, "float32")
    found = []
    for seed in (2, 3):
        np.savez(folder / f"{NAME}.npz", logits(seed))
        kind.convert(folder.parent, out, source, None, "float32")
        found.append(out.read_bytes())
        torch.testing.assert_close(
            load_given(out, CLASSES, "mine", tmp_path / "prepared")(SAMPLE), softmax(logits(seed))
        )
    assert found[0] != found[1]
    assert find_kind(out).name == "scores"
    with pytest.raises(
        UserError, match=r"model\.safetensors holds no network, but says where scores of pixels come from"
    ):
        load_network(out)


def test_a_folder_may_be_all_that_a_section_says() -> None:
    assert GivenKind().complete({"scores": "a"}) == {"scores": {"folder": "a"}}
    assert GivenKind().complete({"scores": {"python": "a:b"}}) == {"scores": {"python": "a:b"}}
    assert json.dumps(GivenKind().complete({"scores": {}})) == '{"scores": {"folder": "data/raw/scores"}}'

"""Scores of pixels: those of the published methods, step by step, on photographs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import open_clip
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from groupseg.datasets.names import class_list
from groupseg.datasets.sample import Sample
from groupseg.errors import UserError
from groupseg.networks.clip.dense import DenseTower
from groupseg.networks.clip.network import ClipNetwork, pads
from groupseg.networks.clip.pixels import PixelScores, load_pixel_scores, without_small
from groupseg.networks.clip.weights import ClipMetadata, save_clip
from groupseg.networks.registry import load_network
from groupseg.refine.settings import UNREFINED, Pamr
from groupseg.segments.score_table import build_score_table, score_vocabulary
from groupseg.strategies.registry import build
from groupseg.text.prompts import class_words
from groupseg.text.queries import Queries, background_words, embed_queries
from stages.params import load_params
from tests.networks.clip import tiny
from tests.networks.clip.step_by_step import CASES, WIDTH, Labels, by_sigmoids, direction, step_by_step

PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")
# Patches as large as CLIP's, for the same grids.
NAME = "tiny-clip-16"
CONFIG: dict[str, Any] = {
    "embed_dim": WIDTH,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 224, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


class RandomText:
    """An encoder that gives every text a vector of its own, so that words differ as much as CLIP's."""

    averages_unit = True

    def encode(self, texts: Sequence[str], unit: bool = True) -> NDArray[np.float32]:
        """Returns float32 [len(texts), WIDTH]."""
        assert unit
        return np.stack([direction(text) for text in texts]).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> open_clip.CLIP:
    """A model with random weights; larger than usual, so that patches differ."""
    tiny.register(tmp_path_factory.mktemp("open_clip"), NAME, CONFIG)
    torch.manual_seed(0)
    made = open_clip.CLIP(**CONFIG).eval()
    with torch.no_grad():
        for tensor in made.parameters():
            tensor.add_(0.2 * torch.randn(tensor.shape))
    return made


def about(name: str) -> ClipMetadata:
    """How a model of params.yaml is run, but for its network."""
    section = PARAMS.models[name]
    frame = replace(section.frame, patch=16)
    return ClipMetadata(clip=replace(section.clip, name=NAME), frame=frame, precision="float32")


def network(model: open_clip.CLIP, how: ClipMetadata) -> ClipNetwork:
    return ClipNetwork(DenseTower(model.visual, how.clip.attention, how.clip.normalisation, pads(how)), how, 100.0)


def queries(dataset: str, classes: Sequence[str]) -> Queries:
    prompts = PARAMS.datasets[dataset].prompts
    words, background = class_words(classes, prompts.names), background_words(prompts.background)
    return embed_queries(RandomText(), words, background, prompts.templates)


def photographs(samples: Path, classes: str) -> list[NDArray[np.uint8]]:
    """Pieces of the first photographs of a data set; Context's are those of VOC."""
    folder = samples / ("coco/val2017" if classes == "coco_object" else "VOCdevkit/VOC2012/JPEGImages")
    paths = sorted(folder.glob("*.jpg"))[:2]
    return [np.asarray(Image.open(path).convert("RGB"))[40:280, 60:380] for path in paths]


def label_maps(
    scores: PixelScores, photos: list[NDArray[np.uint8]], classes: Sequence[str], strategy: str
) -> list[NDArray[np.int32]]:
    """The label of each pixel of each photograph by the product's own table and strategy."""
    maps: list[NDArray[np.intp]] = []
    samples = [Sample("", photo, np.full(photo.shape[:2], 255, dtype=np.uint8), "") for photo in photos]
    table = build_score_table(
        lambda sample: scores(sample.image), samples, classes, True, scores.protocol,
        lambda _, own: maps.append(own), scores.steps,
    )  # fmt: skip
    labels = PARAMS.strategies[strategy].predict(table, score_vocabulary(table))
    first = np.searchsorted(table.image, np.arange(len(photos)))
    return [labels[own + start] for own, start in zip(maps, first, strict=True)]


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]}-{case[3]}" for case in CASES])
@torch.inference_mode()
def test_label_maps_are_those_of_the_published_rule(
    model: open_clip.CLIP,
    real: Path,
    case: tuple[Any, ...],
) -> None:
    name, dataset, strategy, listed, renamed, background, *settings = case
    classes = class_list(listed)
    words = [background.split(", "), *(renamed.get(word, word).split(", ") for word in classes)]
    how = about(name)
    tower = DenseTower(model.visual, how.clip.attention, "clip", pad=False)
    photos = photographs(real, listed)
    if settings[-1]:  # PAMR, as slow as it is simple
        photos = [photos[0][:120, :160]]
    scores = PixelScores(network(model, how), queries(dataset, classes), PARAMS.refine.get(name, UNREFINED))
    several = 0
    for photo, found in zip(photos, label_maps(scores, photos, classes, strategy), strict=True):
        expected = step_by_step(tower, words, photo, *settings)
        assert (found == expected).mean() >= 0.999
        assert (found == unrounded(scores(photo), settings[4])).mean() >= 1 - 1e-4
        several += len(np.unique(expected))
    assert several > len(photos)  # maps of one label alone would show nothing


@torch.inference_mode()
def test_label_maps_of_sigmoids_are_those_of_tcl(model: open_clip.CLIP, real: Path) -> None:
    how = about("tcl")
    tower = DenseTower(model.visual, "maskclip", "clip")
    for photo in photographs(real, "voc"):
        # Words near to some patches: those of random words are all too far for a sigmoid of one half.
        patches = tower(torch.from_numpy(cv2.resize(photo, (448, 448))).permute(2, 0, 1)[None]).patches.flatten(0, 2)
        far = torch.from_numpy(np.stack([direction(str(row)) for row in range(6)])).float()
        text = F.normalize(patches[100:700:100] - 0.9 * patches.mean(dim=0) + 0.1 * far, dim=1)
        own = PixelScores(network(model, how), Queries(text.numpy(), np.arange(6), np.arange(1, 7)))
        assert own.protocol["scores"].startswith("sigmoids of patches at scale 10 and bias -2.5, a class has its best")
        (found,) = label_maps(own, [photo], tuple("abcdef"), "tcl")
        expected = by_sigmoids(tower, text, photo)
        assert (found == expected).mean() >= 0.999
        assert (found == unrounded(F.pad(own(photo), (0, 0, 0, 0, 1, 0)), 0.5)).mean() >= 1 - 1e-4
        assert 0 < (expected == 0).mean() < 1
        assert len(np.unique(expected)) > 3


def unrounded(scores: Tensor, threshold: float) -> Labels:
    """The rule on scores as they are."""
    best, label = scores.max(dim=0)
    return torch.where(best < threshold, 0, label).cpu().numpy()


def image(height: int = 40, width: int = 56) -> NDArray[np.uint8]:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def random_queries(labels: Sequence[int], words: Sequence[int] | None = None) -> Queries:
    """As many words as labels, or those that are given."""
    word = np.arange(len(labels)) if words is None else np.array(words)
    text = np.stack([direction(str(row)) for row in range(word.max() + 1)]).astype(np.float32)
    return Queries(text, word, np.array(labels))


def scored(model: open_clip.CLIP, given: Queries, **changes: Any) -> Tensor:
    how = about("naclip")
    how = replace(how, clip=replace(how.clip, **changes))
    return PixelScores(network(model, how), given)(image())


def test_a_class_has_the_probability_of_its_best_word(model: open_clip.CLIP) -> None:
    each = scored(model, random_queries([1, 2, 3, 4, 5]))
    torch.testing.assert_close(each.sum(dim=0), torch.ones(40, 56))
    several = scored(model, random_queries([0, 1, 1, 1, 2]))
    torch.testing.assert_close(several, torch.stack([each[0], each[1:4].amax(dim=0), each[4]]))


def test_a_word_of_a_class_and_of_the_background_ties_to_the_last_bit(model: open_clip.CLIP) -> None:
    found = scored(model, random_queries([0, 0, 1, 2], [0, 1, 2, 1]))
    tied = found[2] >= found[0]
    assert tied.any()
    assert torch.equal(found[2][tied], found[0][tied])
    twice = scored(model, random_queries([1, 2, 3, 4], [0, 1, 2, 1]))
    torch.testing.assert_close(twice.sum(dim=0), torch.ones(40, 56))


def test_small_classes_lose_their_pixels_to_the_next_best() -> None:
    scores = torch.tensor([[0.1] * 10, [0.5] * 8 + [0.2] * 2, [0.3] * 8 + [0.6, 0.3]]).view(3, 2, 5)
    # Of ten pixels that classes have, the second class has two.
    assert torch.equal(without_small(scores.clone(), 0.19), scores)
    found = without_small(scores.clone(), 0.2)
    assert torch.equal(found[:2], scores[:2])
    assert (found[2] == 0).all()
    assert (found.argmax(dim=0) == 1).all()


def test_an_area_rule_wants_words_of_the_background(model: open_clip.CLIP) -> None:
    with pytest.raises(UserError, match="small classes are left to the background, which has no words here"):
        scored(model, random_queries([1, 2]), area=0.1)


def test_patches_are_filled_up_in_windows_of_clearclip_and_tcl_and_for_clusters_alone() -> None:
    assert [name for name in ("sclip_voc", "clearclip", "naclip_voc", "maskclip", "tcl") if pads(about(name))] == [
        "clearclip", "tcl",
    ]  # fmt: skip
    how = about("naclip_voc")
    assert pads(replace(how, clip=replace(how.clip, masks="clusters")))
    tower = DenseTower(open_clip.CLIP(**CONFIG).visual, "naclip", "clip", pad=False)
    assert tower(torch.zeros(1, 3, 47, 35, dtype=torch.uint8)).patches.shape[1:3] == (2, 2)


def test_a_file_says_how_pixels_are_scored_and_makes_no_other_segments(model: open_clip.CLIP, tmp_path: Path) -> None:
    path, given = tmp_path / "model.safetensors", random_queries([0, 1, 2])
    save_clip(model.state_dict(), about("sclip_voc"), path)
    loaded = load_pixel_scores(path, given, Pamr(dilations=(8, 16)))
    assert loaded(image()).shape == (3, 40, 56)
    assert loaded.protocol["scores"] == (
        "one softmax over 3 words at scale 65, a class has its best word, classes of at most 0.1 of the area left out, "
        "told apart in 4000 steps of probability"
    )
    assert loaded.protocol["refine"] == "pamr, dilations 8 16, steps 10, of the cosines"
    assert loaded.protocol["attention"] == "sclip"
    with pytest.raises(UserError, match="scores pixels by the words of a data set"):
        load_network(path)(torch.zeros(1, 3, 224, 224, dtype=torch.uint8))


def test_thresholds_of_calibration_read_the_score_of_the_method(model: open_clip.CLIP) -> None:
    how, given = about("sclip_context"), random_queries([0, 1, 2, 2, 3])
    masks = np.random.default_rng(0).integers(0, 4, (2, 40, 56))
    samples = [Sample(str(row), image(), mask, str(row)) for row, mask in enumerate(masks)]
    scores = PixelScores(network(model, how), given)
    table = build_score_table(
        lambda sample: scores(sample.image), samples, ("a", "b", "c"), True, scores.protocol, lambda *_: None, 4000
    )
    strategy = build({"rule": "threshold", "score": "probability"}).fit(table, score_vocabulary(table))
    label, score = strategy.candidates(table, score_vocabulary(table))
    exact = scores(image()).numpy()
    assert set(label) == set((exact[1:].argmax(axis=0) + 1).flatten())
    assert score.max() == pytest.approx(exact[1:].max(), abs=1 / 4000)
    assert ((score > 0) @ table.area) == 2 * (exact[1:].max(axis=0) > exact[0]).sum()

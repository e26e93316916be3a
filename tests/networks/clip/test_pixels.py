"""Scores of pixels: what SCLIP, ClearCLIP and NACLIP do, written down again step by step, on photographs."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
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
from groupseg.networks.clip.weights import About, save_clip
from groupseg.networks.registry import load_network
from groupseg.refine.settings import UNREFINED, Pamr
from groupseg.segments.pixels import build_score_table, score_vocabulary
from groupseg.strategies.registry import build
from groupseg.text.prompts import class_words
from groupseg.text.queries import Queries, background_words, embed_queries
from stages.params import load_params
from tests.networks.clip import tiny

Labels = NDArray[np.int64]

PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")
# As large a space as CLIP's, for cosines of random vectors to be as small; patches as large, for the same grids.
NAME, WIDTH = "tiny-clip-16", 512
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


@cache
def direction(text: str) -> NDArray[np.float64]:
    vector = np.random.default_rng(zlib.crc32(text.encode())).normal(size=WIDTH)
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


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


def about(name: str) -> About:
    """How a model of params.yaml is run, but for its network."""
    section = PARAMS.models[name]
    frame = replace(section.frame, patch=16)
    return About(clip=replace(section.clip, name=NAME), frame=frame, precision="float32")


def network(model: open_clip.CLIP, how: About) -> ClipNetwork:
    return ClipNetwork(DenseTower(model.visual, how.clip.attention, how.clip.normalisation, pads(how)), how, 100.0)


def queries(dataset: str, classes: Sequence[str]) -> Queries:
    prompts = PARAMS.datasets[dataset].prompts
    words, background = class_words(classes, prompts.names), background_words(prompts.background)
    return embed_queries(RandomText(), words, background, prompts.templates)


SCLIP_BACKGROUND = (
    "sky, wall, tree, wood, grass, road, sea, river, mountain, sands, desk, bed, building, cloud, lamp, door, window, "
    "wardrobe, ceiling, shelf, curtain, stair, floor, hill, rail, fence"
)
CLOTHES = ("shirt", "jeans", "dress", "sweater", "skirt", "jacket")
PERSON = ", ".join(["person", *(f"person in {one}" for one in CLOTHES)])
SCREEN = "television monitor, tv monitor, monitor, television, screen"
# model, data set, strategy; list of classes, other words of classes, words of the background; short side, window (None:
# whole), stride, scale, threshold, area rule, and dilations of PAMR.
CASES: list[tuple[Any, ...]] = [
    ("sclip_voc", "voc_sclip", "sclip", "voc",
     {"boat": "ship", "diningtable": "table", "person": PERSON, "tvmonitor": SCREEN}, SCLIP_BACKGROUND,
     336, 224, 112, 65, 0.1, 0.1, []),
    ("sclip_context", "context_sclip", "sclip", "context", {}, "background", 336, 224, 112, 50, 0.1, None, []),
    ("sclip_coco_object", "coco_object_sclip", "sclip", "coco_object", {"person": f"{PERSON}, body"},
     SCLIP_BACKGROUND, 336, 224, 112, 50, 0.1, None, []),
    ("clearclip", "voc_clearclip", "clearclip_voc", "voc", {"boat": "ship", "diningtable": "table"}, "background",
     448, 448, 224, 50, 0.5, None, []),
    ("clearclip", "context_clearclip", "clearclip_context", "context", {}, "background",
     448, 448, 224, 50, 0.15, None, []),
    ("clearclip", "coco_object_clearclip", "clearclip_coco", "coco_object", {}, "background",
     448, 448, 224, 50, 0.4, None, []),
    ("naclip_voc", "voc_sclip", "naclip", "voc",
     {"boat": "ship", "diningtable": "table", "person": PERSON, "tvmonitor": SCREEN}, SCLIP_BACKGROUND,
     336, None, 0, 40, 0.1, None, [8, 16]),
    ("naclip", "context_sclip", "naclip", "context", {}, "background", 336, 224, 112, 40, 0.1, None, [8, 16]),
    ("naclip", "coco_object_sclip", "naclip", "coco_object", {"person": f"{PERSON}, body"}, SCLIP_BACKGROUND,
     336, 224, 112, 40, 0.1, None, [8, 16]),
]  # fmt: skip


def photographs(samples: Path, classes: str) -> list[NDArray[np.uint8]]:
    """Pieces of the first photographs of a data set; Context's are those of VOC."""
    folder = samples / ("coco/val2017" if classes == "coco_object" else "VOCdevkit/VOC2012/JPEGImages")
    paths = sorted(folder.glob("*.jpg"))[:2]
    return [np.asarray(Image.open(path).convert("RGB"))[40:280, 60:380] for path in paths]


def step_by_step(
    tower: DenseTower, words: list[list[str]], image: NDArray[np.uint8], short: int, window: int | None, stride: int,
    scale: float, threshold: float, area: float | None, dilations: list[int],
) -> Labels:  # fmt: skip
    """The label of each pixel, [H, W], as the papers and their code describe it; words of the background come first."""
    height, width = image.shape[:2]
    factor = min(short / min(height, width), 2048 / max(height, width))
    canvas = int(height * factor + 0.5), int(width * factor + 0.5)
    pixels = torch.from_numpy(cv2.resize(image, canvas[::-1], interpolation=cv2.INTER_LINEAR)).permute(2, 0, 1)
    flat = [word for group in words for word in group]
    mean = [np.mean([direction(template.format(word)) for template in EIGHTY], axis=0) for word in flat]
    text = torch.tensor(np.stack([vector / np.linalg.norm(vector) for vector in mean]))

    def cosines(part: Tensor, size: tuple[int, int]) -> Tensor:
        """Patches that fit in, the rest left out; all windows of more than a patch here do."""
        rows, columns = part.shape[1] // 16, part.shape[2] // 16
        seen = tower(part[None, :, : rows * 16, : columns * 16]).patches[0]
        grid = (seen.detach().double() @ text.T).permute(2, 0, 1)[None]
        return F.interpolate(grid, size=size, mode="bilinear", align_corners=False)[0]

    if window is None:
        found = cosines(pixels, (height, width))
    else:
        total, count = torch.zeros(len(flat), *canvas, dtype=torch.float64), torch.zeros(canvas, dtype=torch.float64)
        for top in range(0, max(canvas[0] - window + stride - 1, 0) // stride * stride + 1, stride):
            for left in range(0, max(canvas[1] - window + stride - 1, 0) // stride * stride + 1, stride):
                bottom, right = min(top + window, canvas[0]), min(left + window, canvas[1])
                place = slice(max(bottom - window, 0), bottom), slice(max(right - window, 0), right)
                part = pixels[:, place[0], place[1]]
                total[:, place[0], place[1]] += cosines(part, (part.shape[1], part.shape[2]))
                count[place] += 1
        found = F.interpolate((total / count)[None], size=(height, width), mode="bilinear", align_corners=False)[0]
    if dilations:
        found = pamr(found, pixels.double()[None] / 255, dilations)
    shares = (scale * found).softmax(dim=0).numpy()
    ends = np.cumsum([0, *map(len, words)])
    scores = np.stack([shares[first:end].max(axis=0) for first, end in pairwise(ends)])
    if area is not None:
        owner = scores.argmax(axis=0)
        sizes = [int((owner == label).sum()) for label in range(len(scores))]
        for label in range(1, len(scores)):
            if sizes[label] <= area * sum(sizes[1:]):
                scores[label] = 0
    labels: Labels = scores.argmax(axis=0)
    labels[scores.max(axis=0) < threshold] = 0
    return labels


EIGHTY = [template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES]


def pamr(masks: Tensor, read: Tensor, dilations: list[int]) -> Tensor:
    """Ten steps of PAMR by shifting whole planes, [K, H, W], by the colours of what was read, [1, 3, h, w] in 0..1."""
    image = F.interpolate(read, size=masks.shape[1:], mode="bilinear", align_corners=False)[0]
    _, height, width = image.shape

    def shifted(planes: Tensor, down: int, right: int) -> Tensor:
        rows = (torch.arange(height) + down).clamp(0, height - 1)
        columns = (torch.arange(width) + right).clamp(0, width - 1)
        return planes[:, rows][:, :, columns]

    steps = [(y * far, x * far) for far in dilations for y in (-1, 0, 1) for x in (-1, 0, 1)]
    beside = [step for step in steps if step != (0, 0)]
    deviation = torch.stack([shifted(image, *step) for step in steps]).std(dim=0)
    affinity = [(-(image - shifted(image, *step)).abs() / (1e-8 + 0.1 * deviation)).mean(dim=0) for step in beside]
    weights = torch.stack(affinity).softmax(dim=0)
    for _ in range(10):
        mixed = torch.zeros_like(masks)
        for weight, step in zip(weights, beside, strict=True):
            mixed += weight * shifted(masks, *step)
        masks = mixed
    return masks


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


def by_sigmoids(tower: DenseTower, text: Tensor, image: NDArray[np.uint8]) -> Labels:
    """The label of each pixel, [H, W], as the code of TCL decides it for the embedding of CLIP that it mixes in."""
    factor = 448 / min(image.shape[:2])
    height, width = (int(side * factor + 0.5) for side in image.shape[:2])
    pixels = torch.from_numpy(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)).permute(2, 0, 1)
    total = torch.zeros(1, 2 + len(text), height, width, dtype=torch.float64)
    for row in range(-(-(height - 448) // 224) + 1):
        for column in range(-(-(width - 448) // 224) + 1):
            bottom, right = min(row * 224 + 448, height), min(column * 224 + 448, width)
            place = slice(bottom - 448, bottom), slice(right - 448, right)
            seen = tower(pixels[None, :, place[0], place[1]]).patches.double()
            masks = torch.sigmoid((torch.einsum("bhwd,nd->bnhw", seen, text.double()) - 0.25) * 10)
            masks = F.interpolate(masks, size=(448, 448), mode="bilinear")
            logits = torch.cat([torch.full((1, 1, 448, 448), 0.5), masks], dim=1)
            padding = (place[1].start, width - right, place[0].start, height - bottom)
            total += F.pad(torch.cat([logits, torch.ones(1, 1, 448, 448)], dim=1), padding)
    full = F.interpolate(total[:, :-1] / total[:, -1:], size=image.shape[:2], mode="bilinear")
    found: Labels = full.softmax(dim=1).argmax(dim=1)[0].numpy()
    return found


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

"""What a step sees depends on its number alone, however it is shared out."""

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip import OPENAI_IMAGENET_TEMPLATES
from PIL import Image

from groupseg.errors import UserError
from groupseg.networks.groupvit.training.chance import sow
from groupseg.networks.groupvit.training.corpus import Captioned, StreamedCorpus, open_corpus
from groupseg.networks.groupvit.training.data import Draws, Examples, batches, draw_prompts
from groupseg.processes import Place
from tests.networks.groupvit.training.tiny import ARCHITECTURE, NOUNS, RECIPE, write_corpus

ALONE = Place(0, 1)


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("start", [0, 4])
def test_processes_share_out_the_same_batches_from_any_step(size: int, start: int) -> None:
    whole = list(Draws(11, RECIPE, ALONE, 0))
    parts = [list(Draws(11, RECIPE, Place(rank, size), start)) for rank in range(size)]
    assert [list(chain(*step)) for step in zip(*parts, strict=True)] == whole[start:]


def test_every_image_comes_once_an_epoch_each_time_in_a_new_order() -> None:
    order = [draw.number for step in Draws(11, replace(RECIPE, steps=11), ALONE, 0) for draw in step]
    epochs = [order[begin : begin + 11] for begin in range(0, len(order), 11)]
    assert all(sorted(epoch) == list(range(11)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 8
    other = [draw.number for step in Draws(11, replace(RECIPE, seed=1), ALONE, 0) for draw in step]
    assert other != order[: len(other)]


def test_neither_processes_nor_workers_change_what_is_seen(corpus: StreamedCorpus) -> None:
    examples = Examples(corpus, ARCHITECTURE, RECIPE)
    whole = list(batches(examples, ALONE, 0, workers=0))
    assert len(whole) == RECIPE.steps
    assert whole[0].images.shape == (8, 3, 32, 32)
    assert whole[0].prompts.shape[:2] == (8, 3)
    ahead = list(batches(examples, ALONE, 4, workers=2))
    for found, wanted in zip(ahead, whole[4:], strict=True):
        assert all(map(torch.equal, found, wanted))
    for rank in range(2):
        part = next(batches(examples, Place(rank, 2), 0, workers=0))
        rows = slice(4 * rank, 4 * rank + 4)
        assert torch.equal(part.images, whole[0].images[rows])
        # No longer than the longest text of the part, and nothing but zeros beyond.
        for found, wanted in ((part.captions, whole[0].captions), (part.prompts, whole[0].prompts)):
            assert torch.equal(found, wanted[rows, ..., : found.shape[-1]])
            assert not wanted[rows, ..., found.shape[-1] :].any()
            assert found[..., -1].any()


def test_an_image_is_augmented_anew_each_time(corpus: StreamedCorpus) -> None:
    examples = Examples(corpus, ARCHITECTURE, RECIPE)
    draws = [draw for step in Draws(len(corpus), RECIPE, ALONE, 0) for draw in step if draw.number == 0]
    first, second = (examples[draw].images for draw in draws[:2])
    assert not torch.equal(first, second)


def test_prompts_are_different_nouns_in_templates_of_clip() -> None:
    possible = {template(noun): noun for template in OPENAI_IMAGENET_TEMPLATES for noun in NOUNS}
    captioned = Captioned(Image.new("RGB", (1, 1)), "the caption", NOUNS)
    seen = set()
    for number in range(50):
        sow(0, "example", 0, number)
        prompts = draw_prompts(captioned, 3)
        assert len({possible[prompt] for prompt in prompts}) == 3
        seen.update(prompts)
    assert len(seen) > 100


def test_the_caption_stands_in_for_nouns_that_are_missing() -> None:
    captioned = Captioned(Image.new("RGB", (1, 1)), "the caption", ("cat",))
    prompts = draw_prompts(captioned, 3)
    assert "cat" in prompts[0]
    assert prompts[1:] == ["the caption"] * 2
    assert draw_prompts(captioned, 0) == []


def test_without_chance_an_image_is_resized_and_normalised(corpus: StreamedCorpus) -> None:
    plain = replace(RECIPE, crop=1.0, jitter=0.0, augment=None, erase=0.0)
    square = Captioned(Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)), "", ())
    found = Examples(corpus, ARCHITECTURE, plain).transform(square.image)
    mean, deviation = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    wanted = ((np.asarray(square.image) - mean) / deviation).transpose(2, 0, 1)
    assert min(np.abs(found.numpy() - side).max() for side in (wanted, wanted[:, :, ::-1])) < 1e-5


@pytest.mark.parametrize("workers", [0, 1])
def test_a_shard_that_breaks_while_it_is_read_is_one_line(tmp_path: Path, workers: int) -> None:
    found = open_corpus([write_corpus(tmp_path / "corpus")], ALONE)
    for shard in found.shards:
        shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(UserError, match=r"^[^\n]*train-0000\d\.tar is damaged: [^\n]*Delete it and run[^\n]*$"):
        next(batches(Examples(found, ARCHITECTURE, RECIPE), ALONE, 0, workers))

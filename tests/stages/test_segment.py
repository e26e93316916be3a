"""The segment stage: several processes leave the bytes of one, and nothing else."""

import inspect
import io
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from dvc.utils.hydra import apply_overrides
from PIL import Image

from groupseg.datasets.sample import Sample
from groupseg.datasets.shards import read_samples, read_share
from groupseg.datasets.writer import write_samples
from groupseg.errors import UserError
from groupseg.networks.scenes.weights import save_model
from groupseg.segments.build import BLOCK
from groupseg.segments.table import SegmentTable
from stages import paths, segment, stage
from stages.params import load_params
from tests.networks.scenes.tiny import tiny_model
from tests.stages.processes import in_two_processes

# One block of images and a bit: of two processes both have images, of the calib split's one the second has none.
IMAGES = {"calib": 3, "test": BLOCK + 2}


def prepare(images: Mapping[str, int], folds: int = 0) -> None:
    """Prepares so many images of each split, and a model."""
    random = np.random.default_rng(0)

    def sample(name: str) -> Sample:
        image = random.integers(0, 256, (*random.integers(8, 30, 2), 3), dtype=np.uint8)
        return Sample(name, image, random.integers(0, 3, image.shape[:2]), name)

    splits = {split: [sample(f"{split}{number}") for number in range(count)] for split, count in images.items()}
    write_samples(paths.prepared("scenes20"), ["cat", "dog"], True, splits, {}, folds)
    save_model(tiny_model(), paths.weights(load_params().run.model))


@pytest.fixture
def prepared(project: Path) -> Path:
    """A prepared data set in a project, and a model."""
    prepare(IMAGES)
    return project


def written(project: Path) -> dict[str, bytes]:
    folder = project / "data/segments"
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As each of several processes has: products that are split otherwise round otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_two_processes_write_the_bytes_of_one(prepared: Path) -> None:
    segment.main("scenes20")
    alone = written(prepared)
    assert list(alone) == [f"scenes20/{split}/{name}" for split in IMAGES for name in ("maps.tar", "table.safetensors")]
    table = SegmentTable.load(prepared / "data/segments/scenes20/test/table.safetensors")
    assert table.keys == tuple(f"test{number}" for number in range(IMAGES["test"]))
    for path in (prepared / "data/segments").rglob("*.*"):
        path.unlink()

    in_two_processes(segment.main, "scenes20")
    assert written(prepared) == alone
    assert not any((prepared / ".work/segment").rglob("*.*"))


def test_images_that_are_cross_fitted_are_segmented_once(project: Path) -> None:
    prepare({"test": 9}, folds=3)
    segment.main("scenes20")
    calib, test = (SegmentTable.load(paths.table("scenes20", split)) for split in ("calib", "test"))
    assert calib.keys == test.keys == tuple(f"test{number}" for number in range(9))
    np.testing.assert_array_equal(calib.embedding, test.embedding)
    assert (calib.protocol, test.protocol["split"]) == ({**test.protocol, "split": "calib"}, "test")
    assert calib.protocol["crossfit"] == "3"
    maps = [(paths.segments("scenes20", split) / "maps.tar").read_bytes() for split in ("calib", "test")]
    assert maps[0] == maps[1]


def test_masks_are_refined_as_the_model_that_runs_says(prepared: Path) -> None:
    def table(kind: str) -> SegmentTable:
        apply_overrides(prepared / "params.yaml", [f"refine.scenes_small.kind={kind}"])
        segment.main("scenes20")
        return SegmentTable.load(prepared / "data/segments/scenes20/test/table.safetensors")

    before, after = table("none"), table("pamr")
    assert "refine" not in before.protocol
    assert after.protocol == {**before.protocol, "refine": "pamr, dilations 1 2 4 8 12 24, steps 10"}
    assert after.area.sum() == before.area.sum()
    assert not np.array_equal(after.area, before.area)


@pytest.fixture
def launch(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Runs the code of a stage in two processes that torchrun starts."""
    monkeypatch.setattr(stage, "ROOT", project)
    monkeypatch.setenv("GROUPSEG_PROCESSES", "2")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr("sys.argv", ["stages/small.py", "scenes20"])
    # torchrun looks at the stack, and `inspect` then at every module that any test has imported.
    monkeypatch.setattr(inspect, "getmodule", lambda *given: None)
    (project / "stages").mkdir()

    def run(code: str) -> None:
        (project / "stages/small.py").write_text(f"import os, sys; {code}")
        stage.run(lambda dataset: None, shared=True)

    return run


def test_each_process_is_told_its_place_its_threads_and_the_arguments(
    launch: Callable[[str], None], project: Path
) -> None:
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "OMP_NUM_THREADS")
    launch(f"print(*sys.argv[1:], *map(os.environ.get, {names}), file=open(os.environ['RANK'], 'w'))")
    threads = max((os.cpu_count() or 1) // 2, 1)
    for rank in ("0", "1"):
        assert (project / rank).read_text() == f"scenes20 {rank} 2 {rank} {threads}\n"
    assert (project / ".work/timings/small@scenes20.json").exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit('error: x is missing.' if os.environ['RANK'] == '1' else 0)", "error: x is missing.\n"),
        (
            "os.environ['RANK'] == '1' and os.kill(os.getpid(), 9)",
            "error: process 1 of 2 of stage small was ended by SIGKILL. Where memory ran out, lower"
            " GROUPSEG_PROCESSES.\n",
        ),
    ],
)
def test_what_fails_in_a_process_fails_the_stage(
    launch: Callable[[str], None], capfd: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    with pytest.raises(SystemExit, match="1"):
        launch(code)
    assert capfd.readouterr().err == said


@pytest.mark.parametrize("asked", ["0", "-1", "many", ""])
def test_a_number_of_processes_that_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str
) -> None:
    monkeypatch.setenv("GROUPSEG_PROCESSES", asked)
    monkeypatch.setattr("sys.argv", ["stages/segment.py", "scenes20"])
    with pytest.raises(SystemExit, match="1"):
        stage.run(segment.main, shared=True)
    assert f"GROUPSEG_PROCESSES must be a whole number above 0, but is {asked!r}" in capsys.readouterr().err


def test_only_wanted_images_are_decoded(prepared: Path) -> None:
    folder = prepared / "data/prepared/scenes20"
    every = list(read_samples(folder, "test"))
    some = list(read_share(folder, "test", lambda number: number % 3 == 1))
    assert [sample.key for sample in some] == [sample.key for sample in every[1::3]]
    for found, expected in zip(some, every[1::3], strict=True):
        np.testing.assert_array_equal(found.image, expected.image)
        np.testing.assert_array_equal(found.mask, expected.mask)
    with pytest.raises(UserError, match="holds no train split"):
        next(read_share(folder, "train", lambda number: True))


@pytest.mark.parametrize("segments", [1, 256, 257, 65536])
def test_maps_are_read_back_as_they_were(segments: int) -> None:
    numbers = np.arange(segments).reshape(1, -1)
    member = segment.map_file("key", numbers)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(member["png"]))), numbers)


def test_more_segments_than_a_map_can_hold_are_an_error() -> None:
    with pytest.raises(UserError, match="image 'key' has 65537 segments, but a segment map can hold 65536"):
        segment.map_file("key", np.arange(2**16 + 1).reshape(1, -1))

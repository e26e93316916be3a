import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from groupseg.cli import app
from groupseg.datasets.pictures import read_mask
from groupseg.io.files import sha256
from groupseg.predict import segmenter as module
from groupseg.report.palette import palette
from tests.predict.fakes import WIDTH, HashedWords, segmenter
from tests.predict.test_inputs import COLOURS, save, save_video
from tests.predict.test_naming import record
from tests.segments.networks import noise


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and three images, of which `b` is broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "load_network", lambda path: segmenter()._network)
    monkeypatch.setattr(module, "load_text_tower", lambda path: HashedWords())
    (tmp_path / "models").mkdir()
    (tmp_path / "models/scenes_small.safetensors").write_bytes(b"weights")
    for seed, name in enumerate(("a", "deep/c")):
        save(tmp_path / f"in/{name}.png")
        Image.fromarray(noise((20, 30 + seed), seed)).save(tmp_path / f"in/{name}.png")
    (tmp_path / "in/b.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return tmp_path


def predict(*arguments: str | Path) -> int:
    """Runs the command and returns its exit status."""
    with pytest.raises(SystemExit) as exit:
        app(["predict", *map(str, arguments)])
    return int(exit.value.code or 0)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_results_mirror_the_folder_and_a_broken_image_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("in", "--classes", "cat, sofa") == 1
    kinds = ("labels/{}.png", "segments/{}.png", "segments/{}.json", "overlays/{}.jpg")
    written = {kind.format(name) for name in ("a", "deep/c") for kind in kinds}
    assert files(Path("predictions")) == {"classes.txt", *written}
    out, error = capsys.readouterr()
    assert out == ""
    lines = [line for line in error.splitlines() if line.startswith("error: ")]
    assert lines[0].startswith("error: in/b.jpg cannot be read as an image: ")
    assert lines[1:] == ["error: 1 of 3 inputs could not be read; predictions holds what the others gave."]


def test_a_page_of_all_pictures_is_written_where_it_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("in/a.png", "in/deep", "--classes", "cat", "--explorer") == 0
    assert capsys.readouterr().out.splitlines()[1] == "Explorer: predictions/explorer.html"
    assert 'data-set="predictions"' in Path("predictions/explorer.html").read_text("utf-8")


@pytest.mark.parametrize("small", [True, False])
def test_of_the_model_of_drawings_it_is_said_once(
    small: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module.Segmenter, "is_small", small)
    assert predict("in/a.png", "in/deep", "--classes", "cat") == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert ["models/scenes_small.safetensors is of the kind that is trained here" in line for line in warnings] == (
        [True] if small else []
    )


@pytest.mark.parametrize("threshold", ["nan", "inf", "-inf"])
def test_a_threshold_that_is_no_number_is_refused(threshold: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("in/a.png", "--classes", "cat", "--threshold", threshold) == 1
    assert capsys.readouterr().err.startswith("error: threshold: must be a finite number of nats, but is ")


def test_what_is_no_file_is_one_line_and_the_rest_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/b.jpg").unlink()
    Path("in/loop.png").symlink_to("loop.png")
    os.mkfifo("in/pipe.png")
    Path(os.fsdecode(b"in/caf\xe9.png")).write_bytes(Path("in/a.png").read_bytes())
    assert predict("in", "/dev/zero", "--classes", "cat", "--no-overlays") == 1
    assert {name for name in files(Path("predictions")) if name.endswith(".png")} == {
        f"{kind}/{name}.png" for kind in ("labels", "segments") for name in ("a", "deep/c")
    }
    errors = capsys.readouterr().err.splitlines()
    assert [line for line in errors if line.startswith("error: ")] == [
        r"error: in/caf\xe9.png has a name that is not UTF-8. Rename it.",
        "error: in/loop.png cannot be read: Too many levels of symbolic links. Give an image.",
        "error: in/pipe.png is a pipe, no file. Give an image.",
        "error: /dev/zero is a device, no file. Give an image.",
        "error: 4 of 6 inputs could not be read; predictions holds what the others gave.",
    ]


@pytest.mark.parametrize("broken", ["--model", "--strategy", "--classes"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (".", "is a folder, no file. Give "),
        ("pipe.txt", "pipe.txt is a pipe, no file. Give "),
        ("/dev/zero", "zero is a device, no file. Give "),
        ("loop.txt", "loop.txt cannot be read: Too many levels of symbolic links. Give "),
    ],
)
def test_an_argument_that_is_no_file_is_one_line(
    broken: str, given: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if broken == "--classes" and given in (".", "/dev/zero"):
        pytest.skip("a word like any other")
    os.mkfifo("pipe.txt")
    Path("loop.txt").symlink_to("loop.txt")
    words = ["--classes", "cat"] if broken == "--model" else []
    assert predict("in/a.png", *words, broken, given) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


@pytest.mark.parametrize("raised", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_an_image_that_takes_too_much_memory_is_one_line_and_the_rest_is_done(
    raised: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in/b.jpg").unlink()
    batch = module.Segmenter._batch

    def limited(self: module.Segmenter, images: Any, *arguments: Any) -> Any:
        if sum(image.shape[1] for image in images) > 30:
            raise raised
        return batch(self, images, *arguments)

    monkeypatch.setattr(module.Segmenter, "_batch", limited)
    assert predict("in", "--classes", "cat", "--no-overlays") == 1
    assert "labels/a.png" in files(Path("predictions"))
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert errors[0] == "error: deep/c: 31x20 pixels take more memory than there is. Scale the image down."
    assert errors[1].startswith("error: 1 of 2 inputs could not be read")


def test_another_fault_of_the_network_is_no_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: module.Segmenter, *arguments: Any) -> Any:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(module.Segmenter, "_batch", broken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        app(["predict", "in/a.png", "--classes", "cat"])


def test_the_files_say_what_the_segmenter_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("in/a.png", "--classes", "cat, sofa", "--threshold", "-7", "--out", "out") == 0
    assert capsys.readouterr().out == "1 image: out/overlays\n"
    wanted = segmenter().predict("in/a.png", "cat, sofa", threshold=-7.0)
    labels = Image.open("out/labels/a.png")
    assert labels.mode == "P"
    np.testing.assert_array_equal(np.asarray(labels), wanted.labels)
    assert len(np.unique(wanted.labels)) > 1
    np.testing.assert_array_equal(np.asarray(labels.convert("RGB")), palette(2)[wanted.labels])
    # Also as the reader of data sets reads masks; the class list is next to them.
    np.testing.assert_array_equal(read_mask(Path("out/labels/a.png").read_bytes(), "a.png"), wanted.labels)
    assert Path("out/classes.txt").read_text("utf-8") == "cat\nsofa\n"

    found = read(Path("out/segments/a.json"))
    assert (found["image"], found["width"], found["height"]) == ("a", 30, 20)
    assert found["classes"] == ["cat", "sofa"]
    digest = sha256("models/scenes_small.safetensors")
    assert found["protocol"]["weights_sha256"] == digest
    assert found["protocol"]["model"] == "scenes_small"
    assert found["protocol"]["resolution"] == "24x24"
    segments = np.asarray(Image.open("out/segments/a.png"))
    for segment, own in zip(found["segments"], wanted.segments, strict=True):
        assert segment["class"] == own.name
        assert segment["score"] == pytest.approx(own.score, abs=1e-6)
        assert segment["share"] == pytest.approx((segments == segment["id"]).mean(), abs=1e-6)
        assert ["background", *found["classes"]][segment["label"]] == segment["class"]
    overlay = Image.open("out/overlays/a.jpg")
    assert overlay.size == wanted.overlay().size


def test_more_classes_than_a_palette_holds_are_written_in_16_bits() -> None:
    Path("many.txt").write_text("\n".join(f"thing {number}" for number in range(2000)), encoding="utf-8")
    assert predict("in/a.png", "--classes", "many.txt", "--no-background") == 0
    found = read_mask(Path("predictions/labels/a.png").read_bytes(), "a.png")
    assert found.max() > 255
    np.testing.assert_array_equal(found, segmenter().predict("in/a.png", "many.txt", with_background=False).labels)


def test_existing_results_are_replaced_and_nothing_half_written_is_left() -> None:
    assert predict("in/a.png", "--classes", "cat, sofa") == 0
    before = files(Path("predictions"))
    old = Path("predictions/segments/a.json").read_text("utf-8")
    assert predict("in/a.png", "--classes", "dog") == 0
    assert files(Path("predictions")) == before
    assert Path("predictions/segments/a.json").read_text("utf-8") != old


def test_overlays_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert predict("in/a.png", "--classes", "cat", "--no-overlays") == 0
    assert not Path("predictions/overlays").exists()
    assert capsys.readouterr().out == "1 image: predictions/labels\n"


def test_frames_of_a_video_lie_in_a_folder_of_its_name() -> None:
    save_video(Path("clip.mp4"), [np.full((32, 32, 3), colour, np.uint8) for colour in COLOURS])
    assert predict("clip.mp4", "--classes", "cat", "--every", "2", "--no-overlays") == 0
    assert sorted(files(Path("predictions/labels"))) == ["clip/000000.png", "clip/000002.png", "clip/000004.png"]


def test_masks_are_refined_on_request() -> None:
    assert predict("in/a.png", "--classes", "cat", "--refine", "guided, radius 2") == 0
    assert read(Path("predictions/segments/a.json"))["protocol"]["refine"] == "guided, radius 2, epsilon 0.0001"


def test_a_calibration_needs_no_class_list() -> None:
    content = record(weights_sha256=sha256("models/scenes_small.safetensors"))
    Path("calibration.json").write_text(json.dumps(content), encoding="utf-8")
    assert predict("in/a.png", "--strategy", "calibration.json") == 0
    found = read(Path("predictions/segments/a.json"))
    assert found["classes"] == ["class0", "class1", "class2"]
    assert found["protocol"]["strategy"]["rule"] == "per_class"
    assert found["protocol"]["words"] == {"class0": "puppy"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in/a.png"], "classes: there is none."),
        (["in/a.png", "--classes", "cat,,dog"], "classes: entry 2 of 3 is empty."),
        (["in/a.png", "--classes", "cat, cat"], "classes: 'cat' is given 2 times."),
        (["away.png", "--classes", "cat"], "away.png is missing."),
        (["in/a.png", "--classes", "cat", "--model", "m.safetensors"], "m.safetensors is missing."),
        (["in/a.png", "--strategy", "s.json"], "s.json is missing."),
        (["in/a.png", "--strategy", "s.json", "--threshold", "1"], "--threshold is for the rule without a calibra"),
        (["in/a.png", "--strategy", "s.json", "--refine", "pamr"], "--refine is for the rule without a calibration."),
        (["in/a.png", "--classes", "cat", "--refine", "crf"], "refine: 'crf' is none of none, guided, pamr."),
        (["in/a.png", "--classes", "cat", "--out", "in/a.png/out"], "Cannot write in/a.png/out/classes.txt: "),
        (["in/a.png", "--classes", "cat", "--out", "/proc/out"], "Cannot write /proc/out/classes.txt: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_costs_no_loading(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "load_network", None)
    assert predict(*arguments) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


def test_results_may_be_read_by_whoever_may_read_the_folder() -> None:
    assert predict("in/a.png", "--classes", "cat") == 0
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in Path("predictions").rglob("*.*"))


def test_the_width_of_the_encoder_must_be_that_of_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Wider(HashedWords):
        def encode(self, texts: Any, unit: bool = True) -> Any:
            return np.pad(super().encode(texts, unit), ((0, 0), (0, 1)))

    monkeypatch.setattr(module, "load_text_tower", lambda path: Wider())
    assert predict("in/a.png", "--classes", "cat") == 1
    assert f"Expected text embeddings of shape (classes, {WIDTH})" in capsys.readouterr().err

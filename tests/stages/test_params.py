"""params.yaml: the one that is shipped, and what is said of faulty ones."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from groupseg.errors import UserError
from groupseg.groupvit.architecture import PUBLISHED
from groupseg.segments.frame import Windows
from stages.params import load_params
from stages.schema import GroupViTModel, TrainedModel

SHIPPED = Path(__file__).parents[2] / "params.yaml"

Faults = Callable[..., list[str]]


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Replaces text in the shipped file, and returns what is wrong with the result, one line each."""
    monkeypatch.chdir(tmp_path)

    def change(*changes: tuple[str, str]) -> list[str]:
        text = SHIPPED.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        Path("params.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(UserError) as error:
            load_params()
        return str(error.value).splitlines()

    return change


def test_the_shipped_file_is_sound_and_runs_the_scenes_with_all_strategies_and_models() -> None:
    params = load_params(SHIPPED)
    assert params.run.datasets == params.run.corpora == ["scenes20", "scenes59", "scenes80"]
    # Where no image is read through windows, what is averaged over them is the rule of the release itself.
    assert params.run.strategies == [name for name in params.strategies if not name.startswith("averaged_")]
    # A model that is trained is the one that runs or a variant; as both it would be trained by two stages.
    trained = [name for name, model in params.models.items() if isinstance(model, TrainedModel)]
    assert sorted([params.run.model, *params.run.variants]) == sorted(trained)


def test_the_shipped_groupvit_is_the_published_one_as_the_released_code_runs_it() -> None:
    models = load_params(SHIPPED).models
    for name in ("groupvit_gcc_yfcc", "groupvit_gcc_redcap", "groupvit_s"):
        model = models[name]
        assert isinstance(model, GroupViTModel)
        assert model.groupvit == PUBLISHED
        assert model.frame == Windows(short=448, long=2048, crop=448, stride=224)
        assert (model.precision, model.weights) == ("float32", None)


def test_the_shipped_file_says_what_each_section_does_and_how_to_change_it() -> None:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    for section in type(load_params(SHIPPED)).model_fields:
        above = lines[: lines.index(f"{section}:")]
        block = [line for line in above[len(above) - above[::-1].index("") :] if line.startswith("#")]
        assert any("dvc exp run -S" in line for line in block), section


def commands() -> list[list[str]]:
    """What the comments of the shipped file pass to `-S`."""
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    found = [line.partition("dvc exp run -S ")[2].partition("      ")[0] for line in lines]
    return [shlex.split(line.replace("-S ", "")) for line in found if line]


@pytest.mark.parametrize("overrides", commands(), ids=" ".join)
def test_the_commands_in_its_comments_work_and_change_nothing_else(tmp_path: Path, overrides: list[str]) -> None:
    path = tmp_path / "params.yaml"
    shutil.copy(SHIPPED, path)
    apply_overrides(path, overrides)
    assert load_params(path) != load_params(SHIPPED)
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (SHIPPED, path))
    assert len(set(after) - set(before)) == len(overrides)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("threshold, score: cosine}", "threshold, score: cosin}",
         "strategies.cosine.score: must be 'cosine', 'softmax', 'product' or 'normalised'; got 'cosin'"),
        ("threshold: 0.9", "treshold: 0.9", "strategies.fixed.treshold: unknown key; did you mean 'threshold'?"),
        ("threshold: 0.9", "threshold: high", "strategies.fixed.threshold: must be a valid number; got 'high'"),
        ("clamp: true", "clamp: yes", "strategies.fixed.clamp: must be a valid boolean; got 'yes'"),
        ("rule: per_class", "rule: perclass", "strategies.per_class.rule: must be one of fixed, threshold, per_class"),
        ("{rule: relative, ", "{", "strategies.relative.rule: is missing; must be one of fixed, threshold, per_class"),
        ("calib: 400", "calib: '400'", "datasets.scenes20.source.calib: must be a valid integer; got '400'"),
        ("calib: 400", "calib: 0", "datasets.scenes20.source.calib: must be greater than 0; got 0"),
        ("calib: 0.5", "calib: 1.5", "datasets.voc_folder.source.calib: must be a number of images, or a share"),
        ("calib: 0.5", "calib: -1", "datasets.voc_folder.source.calib: must be a number of images, or a share"),
        ("calib: 500\n", "calib: 500\n      crossfit: 5\n",
         "datasets.voc.source: must hold calib (images to draw) or crossfit (folds of the test images), one of"),
        ("coco_object, crossfit: 5", "coco_object", "datasets.coco_object.source: must hold calib (images to draw) or"),
        ("crossfit: 5", "crossfit: 1", "datasets.coco_object.source.crossfit: must be greater than or equal to 2; got"),
        ("      annotations: annotations.json\n", "", "datasets.coco_folder.source.annotations: is missing"),
        ("format: voc", "format: vocs",
         "datasets.voc.source.format: must be one of scenes, voc, context, coco_object, coco_object_instances,"),
        ("names: voc.groupvit", "names: voc.groupvi",
         "datasets.voc.prompts.names: must be {class: word or [words]}, or a variant, one of ade20k.sclip, cityscapes"),
        ("names: {}", "names: {sofa: []}",
         "datasets.scenes20.prompts.names: must be {class: word or [words]}, or a variant, one of"),
        ("scenes: scenes59,", "scenes: scenes60,",
         "datasets.scenes59.source.scenes: must be 'scenes20', 'scenes59' or 'scenes80'"),
        ("a photo of a {}.", "a photo", "datasets.scenes20.prompts.templates.0: must hold {} once"),
        ("images: 4000", "images: 4e3", "corpora.scenes20.images: must be a valid integer; got 4000.0"),
        ("sha256: 5", "sha256: x", "text.sha256: must match pattern"),
        ("steps: 800", "step: 800", "models.scenes_small.training.step: unknown key; did you mean 'steps'?"),
        ("resolution: 96", "resolution: 100", "models.scenes_small.architecture: resolution must be a multiple of 8"),
        ("\nevaluate:", "\nevalute:", "evalute: unknown key; did you mean 'evaluate'?"),
        ("\nreport:\n  pictures: 6", "\nreport:", "report: must be an object; got None"),
        ("  voc:\n", "  v.o.c:\n", "datasets.v.o.c: must match pattern"),
        ("model: scenes_small", "model: scenes_smal",
         "run.model: 'scenes_smal' is not defined under `models`; did you mean 'scenes_small'?"),
        ("- scenes59", "- scene59",
         "run.datasets: 'scene59' is not defined under `datasets`; did you mean 'scenes59'?"),
        ("- scenes59", "- scenes20", "run.datasets: 'scenes20' is listed 2 times; list it once"),
        ("- global", "- xyz",
         "run.strategies: 'xyz' is not defined under `strategies`; there are fixed, paper_context, code_voc"),
        ("- scenes_two_stage\n", "- scenes_two_stages\n",
         "run.variants: 'scenes_two_stages' is not defined under `models`; did you mean 'scenes_two_stage'?"),
        ("- scenes_small_seed1", "- scenes_small_seed2",
         "run.variants: 'scenes_small_seed2' is listed 2 times; list it once"),
        ("best: context", "best: contxt",
         "evaluate.best: 'contxt' is not listed in run.strategies; did you mean 'context'?"),
        ("  - context\n", "", "evaluate.best: 'context' is not listed in run.strategies; did you mean 'code_context'?"),
        ("  normalised:\n", "  normalized:\n",
         "studies.vocabulary.strategies: 'normalised' is not defined under `strategies`; did you mean 'normalized'?"),
        ("  - paper_context\n", "", "datasets.scenes59.baseline: 'paper_context' is not listed in run.strategies"),
        ("sha1: bf99", "sha1: xf99", "archives.voc2010.sha1: must match pattern"),
        ("file: benchmark.tgz", "file: ../benchmark.tgz", "archives.sbd.file: must match pattern"),
        ("- https://data.csail", "- ftp://data.csail", "archives.ade20k.urls.0: must match pattern"),
        ("size: 1999639040", "size: 2 GB", "archives.voc2012.size: must be a valid integer; got '2 GB'"),
        ("    - sbd\n", "    - sbb\n",
         "needs.datasets.voc_aug: 'sbb' is not defined under `archives`; did you mean 'sbd'?"),
        ("corpora:\n  - scenes20\n  - scenes59\n  - scenes80\n", "corpora: []\n",
         "run.corpora: must have at least 1 item, for 'scenes_small' is trained on them; got []"),
        ("- scenes_two_stage\n", "- groupvit_gcc_yfcc\n",
         "run.variants: 'groupvit_gcc_yfcc' is not trained by the stage `train`; it can only be run.model"),
        ("    groupvit:\n", "    grupvit:\n",
         "models.groupvit_gcc_yfcc: must hold one of the keys architecture, groupvit, clip"),
        ("scenes_small:\n    architecture:\n", "scenes_small:\n    architecure:\n",
         "models.scenes_small: must hold one of the keys architecture, groupvit, clip"),
        ("      patch: 16\n", "      pach: 16\n",
         "models.groupvit_gcc_yfcc.groupvit.pach: unknown key; did you mean 'patch'?"),
        ("      dim: 384\n", "      dim: 380\n",
         "models.groupvit_gcc_yfcc.groupvit: dim must be a multiple of heads (6), but got 380"),
        ("crop: 448, stride: 224", "crop: 448, stride: null",
         "models.groupvit_gcc_yfcc.frame: crop and stride must both be given or none, but got 448 and None"),
        ("crop: 448, stride: 224", "crop: 448, strid: 224",
         "models.groupvit_gcc_yfcc.frame.strid: unknown key; did you mean 'stride'?"),
        ("    precision: float32\n", "    precision: float16\n",
         "models.groupvit_gcc_yfcc.precision: must be 'float32' or 'bfloat16'; got 'float16'"),
        ("    precision: float32\n", "", "models.groupvit_gcc_yfcc.precision: is missing"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place_and_value(faults: Faults, old: str, new: str, fault: str) -> None:
    assert any(line.startswith(f"params.yaml: {fault}") for line in faults((old, new)))


def test_a_model_that_is_not_trained_needs_no_corpora(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    shutil.copy(SHIPPED, path)
    apply_overrides(path, ["run.model=groupvit_gcc_yfcc", "run.corpora=[]", "models.groupvit_gcc_yfcc.frame.crop=null",
                           "models.groupvit_gcc_yfcc.frame.stride=null"])  # fmt: skip
    params = load_params(path)
    model = params.models[params.run.model]
    assert isinstance(model, GroupViTModel)
    assert model.frame == Windows(short=448, long=2048, crop=None, stride=None)


def test_all_faults_are_told_at_once_each_in_a_line(faults: Faults) -> None:
    found = faults(
        ("threshold, score: cosine}", "threshold, score: cosin}"),
        ("resamples: 2000", "resamples: many"),
        ("- global", "- globl"),
        ("seed: 0}", "sede: 0}"),
    )
    assert len(found) == 5
    assert [line.split(": ")[1] for line in found] == [
        "datasets.scenes20.source.seed", "datasets.scenes20.source.sede", "strategies.cosine.score",
        "evaluate.resamples", "run.strategies",
    ]  # fmt: skip


def test_yaml_is_read_as_dvc_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED.read_text().replace("threshold: 0.9", "threshold: 9e-1"))
    assert load_params(path).strategies["fixed"].threshold == 0.9


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"run: {model: a\n", r"params\.yaml: line 2: .*Mend the YAML there"),
        (b"run: 1\nrun: 2\n", r"params\.yaml: line 2: found duplicate key"),
        (b"run: caf\xe9\n", r"params\.yaml is not UTF-8 \(byte 8\)"),
        (b"", r"params\.yaml: .*must be an object; got None"),
    ],
)
def test_what_is_no_yaml_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(UserError, match=message):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.yaml is missing. Run from the top folder"):
        load_params(tmp_path / "params.yaml")

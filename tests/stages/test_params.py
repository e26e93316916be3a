"""params.yaml: the one that is shipped, and what is said of faulty ones."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides

from groupseg.cli import app
from groupseg.defaults import completed
from groupseg.errors import UserError
from groupseg.io.files import write_json
from groupseg.io.yaml_file import read_yaml
from groupseg.networks.frame import Windows
from groupseg.networks.groupvit.architecture import PUBLISHED
from groupseg.networks.registry import NETWORKS
from groupseg.strategies import base
from stages import paths
from stages.params import check_params, load_params
from stages.schema import GroupViTModel, TrainedModel
from tests.networks.groupvit.training.tiny import RECIPE
from tests.stages.small import set_params

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "params.yaml"
PARAMS = load_params(SHIPPED)

Faults = Callable[..., list[str]]


def finish(model: str, datasets: Sequence[str], whole: bool = True) -> None:
    """Leaves results of a run called `scenes` in the current folder."""
    for dataset in datasets:
        write_json(f"results/scenes/metrics/{dataset}.json", {"protocol": {"model": model}})
    if whole:
        write_json("results/scenes/summary.json", {})


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
    fitting = [name for name, strategy in params.strategies.items() if strategy.needs != "scores"]
    assert params.run.strategies == [name for name in fitting if not name.startswith("averaged_")]
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
        above = lines[: next(row for row, line in enumerate(lines) if line.startswith(f"{section}:"))]
        block = [line for line in above[len(above) - above[::-1].index("") :] if line.startswith("#")]
        assert any("dvc exp run -S" in line for line in block), section


COMMENTS = [line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("#")]


def commands() -> list[list[str]]:
    """What the comments of the shipped file pass to `-S`."""
    found = [line.partition("dvc exp run -S ")[2].partition("      ")[0] for line in COMMENTS]
    return [shlex.split(line.replace("-S ", "")) for line in found if line]


@pytest.mark.parametrize("overrides", commands(), ids=" ".join)
def test_the_commands_in_its_comments_run_beside_the_shipped_results_and_change_nothing_else(
    project: Path, overrides: list[str]
) -> None:
    finish(PARAMS.run.model, PARAMS.run.datasets)
    apply_overrides("params.yaml", overrides)
    assert load_params() != PARAMS
    before, after = (file.read_text(encoding="utf-8").splitlines() for file in (SHIPPED, Path("params.yaml")))
    assert len(set(after) - set(before)) == len(overrides)


def page_commands() -> list[str]:
    """What the pages pass to `dvc exp run`."""
    pages = [ROOT / "README.md", ROOT / "data/raw/README.md", *sorted(ROOT.glob("docs/*.md"))]
    text = "\n".join(page.read_text("utf-8") for page in pages).replace("\\\n", " ")
    return [line.partition(" #")[0].strip() for line in re.findall(r"^dvc exp run (.*-S .*)$", text, re.MULTILINE)]


@pytest.mark.parametrize("line", page_commands())
def test_the_commands_on_the_pages_set_keys_that_are_there_or_add_them(project: Path, line: str) -> None:
    words = shlex.split(line)
    before = read_yaml(Path("params.yaml"))
    apply_overrides("params.yaml", [value for word, value in pairwise(words) if word == "-S"])
    assert read_yaml(Path("params.yaml")) != before


def leaves(data: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields the keys that lead to each value that is no section, and the value."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*place, key))
    else:
        yield place, data


def test_every_key_that_is_left_out_is_set_with_a_plus(project: Path) -> None:
    whole = completed(read_yaml(SHIPPED))
    given = {place for place, _ in leaves(read_yaml(SHIPPED))}
    left_out = {".".join(place): value for place, value in leaves(whole) if place not in given}
    assert {"models.two_stage.training.steps", "datasets.voc.prompts.templates"} <= left_out.keys()
    apply_overrides("params.yaml", [f"+{name}={json.dumps(value)}" for name, value in left_out.items()])
    assert completed(read_yaml(Path("params.yaml"))) == whole
    assert load_params() == PARAMS


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_first_model_of_a_kind_is_what_the_others_leave_out(kind: str) -> None:
    first = next(model for model in read_yaml(SHIPPED)["models"].values() if kind in model)
    assert first == NETWORKS[kind].complete({kind: {}})


def targets(target: str) -> str:
    """What a target of the Makefile would run."""
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_targets_in_its_comments_train_what_it_lists() -> None:
    named = set(re.findall(r"make ([a-z-]+)", "\n".join(COMMENTS)))
    assert named == {"seeds", "repro-all"}
    assert "stages.variant all" in targets("repro-all")
    seeds = " ".join(re.findall(r"for model in (.+?); do python -m stages\.variant", targets("seeds"))).split()
    assert set(seeds) < set(PARAMS.run.variants)
    # Seeds are the model that runs in all else.
    own, others = PARAMS.models[PARAMS.run.model], [PARAMS.models[name] for name in seeds]
    assert len({model.training.seed for model in (own, *others)}) == 3
    for model in others:
        assert model.architecture == own.architecture
        assert replace(model.training, seed=own.training.seed) == own.training


@pytest.mark.parametrize("line", re.findall(r"`groupseg (.+?)`", "\n".join(COMMENTS)))
def test_the_commands_of_groupseg_in_its_comments_are_there(line: str) -> None:
    with pytest.raises(SystemExit) as exit:
        app(shlex.split(line))
    assert exit.value.code == 0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("threshold, score: cosine}", "threshold, score: cosin}",
         "strategies.cosine.score: must be 'cosine', 'softmax', 'product', 'normalised' or 'probability'; got 'cosin'"),
        ("threshold: 0.9", "treshold: 0.9", "strategies.fixed.treshold: unknown key; did you mean 'threshold'?"),
        ("threshold: 0.9", "threshold: high", "strategies.fixed.threshold: must be a valid number; got 'high'"),
        ("clamp: false", "clamp: no", "strategies.normalised.clamp: must be a valid boolean; got 'no'"),
        ("rule: per_class", "rule: perclass", "strategies.per_class.rule: must be one of fixed, threshold, per_class"),
        ("{rule: relative, ", "{", "strategies.relative.rule: is missing; must be one of fixed, threshold, per_class"),
        ("calib: 400", "calib: '400'", "datasets.scenes20.source.calib: must be a valid integer; got '400'"),
        ("calib: 400", "calib: 0", "datasets.scenes20.source.calib: must be greater than 0; got 0"),
        ("calib: 0.5", "calib: 1.5", "datasets.voc_folder.source.calib: must be a number of images, or a share"),
        ("calib: 0.5", "calib: -1", "datasets.voc_folder.source.calib: must be a number of images, or a share"),
        ("true, calib: 500", "true, crossfit: 5, calib: 500",
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
        ("separation_weight: 0.0", "separation_weight: 0.4",
         "models.scenes_small.training: separation_weight must be 0 where background_weight is, but got 0.4"),
        ("area_weight: 0.4", "area_weight: -1",
         "models.scenes_background_area.training: area_weight must not be negative, but got -1.0"),
        ("resolution: 96", "resolution: 100", "models.scenes_small.architecture: resolution must be a multiple of 8"),
        ("\nevaluate:", "\nevalute:", "evalute: unknown key; did you mean 'evaluate'?"),
        ("\nreport: {pictures: 6}", "\nreport:", "report: must be an object; got None"),
        ("  voc:\n", "  v.o.c:\n", "datasets.v.o.c: must match pattern"),
        ("  voc:\n", "  -x:\n", "datasets.-x: must match pattern"),
        ("model: scenes_small", "model: scenes_smal",
         "run.model: 'scenes_smal' is not defined under `models`; did you mean 'scenes_small'?"),
        ("- scenes59", "- scene59",
         "run.datasets: 'scene59' is not defined under `datasets`; did you mean 'scenes59'?"),
        ("- scenes59", "- scenes20", "run.datasets: 'scenes20' is listed 2 times; list it once"),
        ("  strategies: all", "  strategies: [xyz]",
         "run.strategies: 'xyz' is not defined under `strategies`; there are fixed, paper_context, code_voc"),
        ("- two_stage\n", "- two_stages\n",
         "run.variants: 'two_stages' is not defined under `models`; did you mean 'two_stage'?"),
        ("- scenes_small_seed1", "- scenes_small_seed2",
         "run.variants: 'scenes_small_seed2' is listed 2 times; list it once"),
        ("best: context", "best: contxt",
         "evaluate.best: 'contxt' is not listed in run.strategies; did you mean 'context'?"),
        ("  strategies: all", "  strategies: [code_context]",
         "evaluate.best: 'context' is not listed in run.strategies; did you mean 'code_context'?"),
        ("  normalised: {", "  normalized: {",
         "studies.vocabulary.strategies: 'normalised' is not defined under `strategies`; did you mean 'normalized'?"),
        ("without:\n", "without:\n  - paper_context\n",
         "datasets.scenes59.baseline: 'paper_context' is not listed in run.strategies"),
        ("sha1: bf99", "sha1: xf99", "archives.voc2010.sha1: must match pattern"),
        ("file: VOC", "file: ../VOC", "archives.voc2012.file: must match pattern"),
        ("- https://data.csail", "- ftp://data.csail", "archives.ade20k.urls.0: must match pattern"),
        ("size: 1999639040", "size: 2 GB", "archives.voc2012.size: must be a valid integer; got '2 GB'"),
        ("voc2012, sbd]", "voc2012, sbb]",
         "needs.datasets.voc_aug: 'sbb' is not defined under `archives`; did you mean 'sbd'?"),
        ("corpora:\n  - scenes20\n  - scenes59\n  - scenes80\n", "corpora: []\n",
         "run.corpora: must have at least 1 item, for 'scenes_small' is trained on them; got []"),
        ("- two_stage\n", "- groupvit_gcc_yfcc\n",
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
        ("scenes_small: {kind: pamr}", "scenes_small: {kind: crf}",
         "refine.scenes_small.kind: must be one of none, guided, pamr; got 'crf'"),
        ("scenes_small: {kind: pamr}", "scenes_small: {steps: 3}",
         "refine.scenes_small.kind: is missing; must be one of none, guided, pamr"),
        ("scenes_small: {kind: pamr}", "scenes_small: {kind: pamr, step: 3}",
         "refine.scenes_small.step: unknown key; did you mean 'steps'?"),
        ("scenes_small: {kind: pamr}", "scenes_small: {kind: none, steps: 3}",
         "refine.scenes_small.steps: unknown key; there are kind"),
        ("scenes_small: {kind: pamr}", "scenes_small: {kind: pamr, steps: 0}",
         "refine.scenes_small: steps must be positive, but got 0"),
        ("scenes_small: {kind: pamr}", "scenes_small: {kind: guided, radius: 2.5}",
         "refine.scenes_small.radius: must be a valid integer"),
        ("refine:\n  scenes_small:", "refine:\n  scenes_smal:",
         "refine.scenes_smal: 'scenes_smal' is not defined under `models`; did you mean 'scenes_small'?"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_place_and_value(faults: Faults, old: str, new: str, fault: str) -> None:
    assert any(line.startswith(f"params.yaml: {fault}") for line in faults((old, new)))


def test_a_model_that_is_not_trained_needs_no_corpora(project: Path) -> None:
    frame = {"models.groupvit_gcc_yfcc.frame.crop": None, "models.groupvit_gcc_yfcc.frame.stride": None}
    set_params({"run.model": "groupvit_gcc_yfcc", "run.corpora": [], **frame})
    params = load_params()
    model = params.models[params.run.model]
    assert isinstance(model, GroupViTModel)
    assert model.frame == Windows(short=448, long=2048, crop=None, stride=None)


def test_a_recipe_is_checked_key_by_key(project: Path) -> None:
    groupvit = {**PARAMS.models["groupvit_gcc_yfcc"].model_dump(), "training": asdict(RECIPE)}
    faulty = {**groupvit, "training": {**asdict(RECIPE), "step": 3, "clip": "much"}}
    set_params({"models.mine": faulty, "run.model": "mine", "run.corpora": []})
    with pytest.raises(UserError) as error:
        load_params()
    lines = str(error.value).splitlines()
    assert any("models.mine.training.step: unknown key; did you mean 'steps'?" in line for line in lines)
    assert any("models.mine.training.clip: must be a valid number; got 'much'" in line for line in lines)
    assert any("run.corpora: must have at least 1 item, for 'mine' is trained on them" in line for line in lines)
    set_params({"models.mine": {**groupvit, "weights": "mine.pth"}, "run.corpora": ["scenes20"]})
    with pytest.raises(UserError, match=r"models\.mine: .*must hold `weights` or `training`, not both"):
        load_params()


MODEL, THREE = PARAMS.run.model, PARAMS.run.datasets


@pytest.mark.parametrize(
    ("model", "datasets", "whole", "refused"),
    [
        (MODEL, [], False, False),
        (MODEL, THREE, True, False),
        (MODEL, THREE[::-1], True, False),
        (MODEL, THREE, False, False),
        (MODEL, THREE[:2], False, False),  # of a run that was broken off
        (MODEL, THREE[:2], True, True),
        (MODEL, ["voc"], True, True),
        (MODEL, ["voc"], False, True),
        (MODEL, [*THREE, "voc"], False, True),
        (MODEL, [*THREE, "voc"], True, True),
        ("groupvit_s", THREE, True, True),
        ("groupvit_s", THREE[:1], False, True),
    ],
)
def test_a_run_does_not_write_over_the_results_of_another(
    project: Path, model: str, datasets: list[str], whole: bool, refused: bool
) -> None:
    finish(model, datasets, whole)
    if refused:
        message = (
            rf"results/scenes holds the results of {model} on {', '.join(sorted(datasets))}, which this run "
            rf"\({MODEL} on {', '.join(THREE)}\) would write over\. Give this run a name"
        )
        with pytest.raises(UserError, match=message):
            load_params()
        set_params({"run.name": "mine"})
    assert paths.results(load_params()) == Path("results/mine" if refused else "results/scenes")


def test_all_faults_are_told_at_once_each_in_a_line(faults: Faults) -> None:
    found = faults(
        ("threshold, score: cosine}", "threshold, score: cosin}"),
        ("resamples: 2000", "resamples: many"),
        ("- averaged_voc", "- averaged_vox"),
        ("seed: 0}", "sede: 0}"),
    )
    assert len(found) == 5
    assert [line.split(": ")[1] for line in found] == [
        "datasets.scenes20.source.seed", "datasets.scenes20.source.sede", "strategies.cosine.score",
        "evaluate.resamples", "run.without",
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


def places(data: Any, depth: int) -> Iterator[tuple[str | int, ...]]:
    """Yields the keys that lead to each value of a file, down to a depth."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (key,)
        if depth > 1:
            yield from ((key, *place) for place in places(value, depth - 1))


KINDS = [None, 1, -0.5, True, "x", "", [], {}, [None], [[]], [{}], {"a": None}, {"a": {"a": 1}}]
# Their schema alone checks what lies in these, and much of it has the same form.
ALIKE = ("archives", "corpora", "datasets", "strategies", "text")


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_a_value_of_any_other_kind_in_any_place_is_said_in_lines(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "get_type_hints", cache(base.get_type_hints))  # asked by every strategy, every time
    data, value = read_yaml(SHIPPED), KINDS[kind]
    every = list(places(data, 3))
    alike = [place for place in every if place[0] in ALIKE and len(place) == 3]
    # Places that are alike share the kinds out: each has every eighth.
    for place in [*(set(every) - set(alike)), *alike[kind % 8 :: 8]]:
        section = data
        for key in place[:-1]:
            section = section[key]
        kept, section[place[-1]] = section[place[-1]], value
        try:
            check_params(data, Path("params.yaml"))
        except UserError as error:
            lines = str(error).splitlines()
            assert all(line.startswith("params.yaml: ") and not line.startswith("params.yaml: :") for line in lines)
            assert all(len(line) < 1500 for line in lines)
        section[place[-1]] = kept
    check_params(data, Path("params.yaml"))


@pytest.mark.parametrize("data", [None, 1, "x", [], [1], {}, {"run": None}, {"run": {"datasets": 1}}])
def test_a_file_of_another_form_is_said_in_lines(data: Any) -> None:
    with pytest.raises(UserError, match=r"^params\.yaml: \w"):
        check_params(data, Path("params.yaml"))


def test_results_that_name_no_model_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    metrics = tmp_path / "results/scenes/metrics/scenes20.json"
    metrics.parent.mkdir(parents=True)
    for content in ("[]", "{}", '{"protocol": 1}', '{"protocol": {"model": 1}}'):
        metrics.write_text(content)
        with pytest.raises(UserError, match=r"metrics/scenes20\.json does not say which model it is of\. Delete it"):
            load_params(SHIPPED)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"params\.yaml is missing. Run this in the folder of the project"):
        load_params(tmp_path / "params.yaml")

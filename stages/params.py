"""params.yaml: what it may hold, and everything that is wrong with one that does not, at once.

Not a dependency of any stage: a new section must not run anything again. What a stage takes from it are the
sections that dvc.yaml names. Every stage reads it, so nothing slow is imported here. `python -m stages.params` checks
the file and does nothing else.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    NonNegativeInt,
    PlainValidator,
    PositiveInt,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from groupseg.clip.config import Clip
from groupseg.errors import UserError
from groupseg.groupvit.architecture import GroupViTArchitecture
from groupseg.groupvit.training.recipe import GroupViTRecipe
from groupseg.kinds import KINDS
from groupseg.model.architecture import Architecture
from groupseg.segments.frame import Windows
from groupseg.strategies import STRATEGIES
from groupseg.text.variants import variants
from groupseg.training.recipe import Recipe
from stages.faults import describe, suggestion
from stages.stage import run

# Names become parts of stages, paths and dotted parameters.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
Scenes = Literal["scenes20", "scenes59", "scenes80"]


def _share_or_count(value: float) -> float:
    if value <= 0 or (value >= 1 and value != int(value)):
        raise ValueError("must be a number of images, or a share of them between 0 and 1")
    return value


def _template(value: str) -> str:
    if value.count("{}") != 1:
        raise ValueError("must hold {} once, where the class name goes")
    return value


def _names(value: Any) -> str | dict[str, str | list[str]]:
    if isinstance(value, dict) and all(_is_word(words) for words in value.values()):
        return value
    if isinstance(value, str) and value in variants():
        return value
    raise ValueError(f"must be {{class: word or [words]}}, or a variant, one of {', '.join(variants())}")


def _is_word(value: Any) -> bool:
    words = value if isinstance(value, list) and value else [value]
    return all(isinstance(word, str) and word for word in words)


Calib = Annotated[float, AfterValidator(_share_or_count)]
Template = Annotated[str, AfterValidator(_template)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]


class Section(BaseModel):
    """A part of params.yaml: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Run(Section):
    """What `dvc repro` runs, out of all that is defined below it."""

    model: Name
    datasets: list[Name] = Field(min_length=1)
    corpora: list[Name]
    strategies: list[Name] = Field(min_length=1)
    variants: list[Name]
    folder: str


class ScenesSource(Section):
    """Scenes that come with the package: how many of each split."""

    format: Literal["scenes"]
    scenes: Scenes
    calib: PositiveInt
    test: PositiveInt
    seed: NonNegativeInt


class FilesSource(Section):
    """Images and masks that lie somewhere: in archives, or in a folder or archive `path` below `run.folder`.

    Either `calib` images are drawn for calibration, by `seed`; or `crossfit` folds of the test images are calibrated on
    and judged in turn.
    """

    path: str | None = None
    calib: Calib | None = None
    crossfit: Annotated[int, Field(ge=2)] | None = None
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _calibrated_in_one_way(self) -> Self:
        if (self.calib is None) == (self.crossfit is None):
            raise ValueError("must hold calib (images to draw) or crossfit (folds of the test images), one of the two")
        return self

    def options(self) -> dict[str, Any]:
        """What its reader takes besides the tree, `calib` and `seed`."""
        return self.model_dump(exclude={"format", *FilesSource.model_fields})


class PublishedSource(FilesSource):
    """A published layout that there is one kind of."""

    format: Literal["coco_object", "coco_object_instances", "coco_stuff", "ade20k", "cityscapes"]


class VocSource(FilesSource):
    """PASCAL VOC 2012, and SBD's labels to calibrate on where it is `augmented`."""

    format: Literal["voc"]
    background: bool
    augmented: bool


class ContextSource(FilesSource):
    """PASCAL Context."""

    format: Literal["context"]
    background: bool


class FolderSource(FilesSource):
    """One's own images/ and masks/; `ignore` is the value of unknown pixels where it is not 255."""

    format: Literal["folder"]
    path: str
    ignore: NonNegativeInt | None = None


class CocoJsonSource(FilesSource):
    """One's own images and a JSON in the format of COCO."""

    format: Literal["coco_json"]
    path: str
    annotations: str


class Prompts(Section):
    """The words for a class, and the sentences around them."""

    templates: list[Template] = Field(min_length=1)
    names: Annotated[str | dict[str, str | list[str]], PlainValidator(_names)] = {}


class Dataset(Section):
    """Labelled images, and how its classes are put into words."""

    source: Annotated[
        ScenesSource | VocSource | ContextSource | PublishedSource | FolderSource | CocoJsonSource,
        Discriminator("format"),
    ]
    prompts: Prompts


class Archive(Section):
    """A file of somebody else's: where it lies, how to know it, and on which terms it is given."""

    file: Annotated[str, StringConstraints(pattern=r"^[^/\\.][^/\\]*$")]
    urls: list[Url] = Field(min_length=1)
    licence: str
    terms: Url
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    sha1: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = None
    md5: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    size: PositiveInt | None = None
    path: str | None = None

    def digest(self) -> str | None:
        """The best digest that is given, with its algorithm before it."""
        given = {"sha256": self.sha256, "sha1": self.sha1, "md5": self.md5}
        return next((f"{algorithm}:{value}" for algorithm, value in given.items() if value), None)


class Needs(Section):
    """The archives that data sets, corpora and models are made from."""

    datasets: dict[Name, list[Name]] = {}
    corpora: dict[Name, list[Name]] = {}
    models: dict[Name, list[Name]] = {}


class ScenesCorpus(Section):
    """Captioned scenes that come with the package."""

    format: Literal["scenes"] = "scenes"
    scenes: Scenes
    images: PositiveInt
    seed: NonNegativeInt


class CocoCaptions(Section):
    """Images and a JSON in the format of COCO captions; `images` of them are drawn, or all."""

    format: Literal["coco_captions"]
    annotations: str
    path: str | None = None
    images: PositiveInt | None = None
    seed: NonNegativeInt = 0


class WebdatasetCorpus(Section):
    """Shards of images and captions; the first `images` are taken, or all."""

    format: Literal["webdataset"]
    path: str | None = None
    images: PositiveInt | None = None


def _drawn_unless_said(value: Any) -> Any:
    return {"format": "scenes", **value} if isinstance(value, dict) else value


Corpus = Annotated[
    ScenesCorpus | CocoCaptions | WebdatasetCorpus, Discriminator("format"), BeforeValidator(_drawn_unless_said)
]


class Text(Section):
    """The frozen text encoder: the package that carries it, its digest, and the sentences for nouns and for classes."""

    package: str
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    noun_template: Template
    ensemble: list[Template] = Field(min_length=1)


class TrainedModel(Section):
    """A network that is trained here, and how."""

    architecture: Architecture
    training: Recipe


class PublishedModel(Section):
    """A network whose weights are published, how an image is cut into what it reads, and its precision.

    The weights come from the archives that the model needs, or from `weights`, a file of one's own.
    """

    frame: Windows
    precision: Literal["float32", "bfloat16"]
    weights: str | None = None


class GroupViTModel(PublishedModel):
    """GroupViT; with `training` it is trained here, and its weights come from nowhere else."""

    groupvit: GroupViTArchitecture
    training: GroupViTRecipe | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "GroupViTModel":
        if self.training and self.weights:
            raise ValueError("must hold `weights` or `training`, not both")
        return self


class ClipModel(PublishedModel):
    """A CLIP model, and how its patches become segments."""

    clip: Clip


def _kind(section: Any) -> str | None:
    """Tells kinds of models apart by the key that one of them alone has."""
    return next((kind for kind in KINDS if isinstance(section, dict) and kind in section), None)


Model = Annotated[
    Annotated[TrainedModel, Tag("architecture")]
    | Annotated[GroupViTModel, Tag("groupvit")]
    | Annotated[ClipModel, Tag("clip")],
    Discriminator(_kind),
]


class Evaluate(Section):
    """The bootstrap over test images, and the strategy that the gap ladder takes for the best."""

    resamples: PositiveInt
    seed: NonNegativeInt
    best: Name


class LearningStudy(Section):
    """On how many calibration images strategies are fitted, and on how many draws of each number."""

    sizes: list[PositiveInt] = Field(min_length=1)
    draws: PositiveInt
    seed: NonNegativeInt


class VocabularyStudy(Section):
    """How many classes are drawn from the list, and how many words without image are added to it."""

    sizes: list[PositiveInt]
    absent: list[PositiveInt]
    draws: PositiveInt
    seed: NonNegativeInt
    strategies: list[Name] = Field(min_length=1)


class Studies(Section):
    """What is asked of the strategies beyond their figures."""

    learning: LearningStudy
    vocabulary: VocabularyStudy


class Report(Section):
    """What the report shows."""

    pictures: PositiveInt


# The registry is the list of rules; there is no second one here. Type checkers cannot follow it.
Strategy: Any = Annotated[Union[tuple(STRATEGIES.values())], Discriminator("rule")]  # noqa: UP007


class Params(Section):
    """All of params.yaml."""

    run: Run
    datasets: dict[Name, Dataset]
    corpora: dict[Name, Corpus]
    archives: dict[Name, Archive]
    needs: Needs
    text: Text
    models: dict[Name, Model]
    strategies: dict[Name, Strategy]
    evaluate: Evaluate
    studies: Studies
    report: Report


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Reads and checks params.yaml.

    Raises:
        UserError: If it is missing, is no YAML, or holds anything unknown, missing, mistyped or out of range;
            one line for each fault.
    """
    data = _read(path)
    faults = [*_names_that_run(data), *_archives_needed(data)]
    try:
        params = Params.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        faults = [describe(Params, details) for details in error.errors()] + faults
    if faults:
        raise UserError("\n".join(f"{path}: {fault}" for fault in faults))
    return params


def _read(path: Path) -> Any:
    try:
        # YAML 1.2, as DVC reads it: 1e-3 is a number, and `no` is a word.
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing. Run from the top folder of the checkout.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8 text.") from error
    except MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise UserError(
            f"{path}:{line} {(error.problem or 'no YAML').splitlines()[0]}. Mend the YAML there."
        ) from error


def _names_that_run(data: Any) -> Iterator[str]:
    """Yields what is wrong with the names in `run`; from the raw data, so that other faults hide none."""
    run = data.get("run") if isinstance(data, dict) else None
    if not isinstance(run, dict):
        return
    for key in ("model", "variants", "datasets", "corpora", "strategies"):
        section = {"model": "models", "variants": "models"}.get(key, key)
        defined = list(map(str, data[section])) if isinstance(data.get(section), dict) else []
        names = run[key] if isinstance(run.get(key), list) else [run.get(key)]
        for name in names:
            if isinstance(name, str) and name not in defined:
                yield f"run.{key}: {name!r} is not defined under `{section}`{suggestion(name, defined)}"
        for name, count in Counter(map(str, names)).items():
            if count > 1:
                yield f"run.{key}: {name!r} is listed {count} times; list it once"
    yield from _strategies_asked_for(data, run)
    yield from _of_the_model(data, run)
    if isinstance(run.get("strategies"), list) and "fixed" not in run["strategies"]:
        yield "run.strategies: must list 'fixed', which all others are compared with"


def _of_the_model(data: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Yields what does not go with a model that is trained here, or with one that is not."""
    given = data["models"] if isinstance(data.get("models"), dict) else {}
    sections = {name: section for name, section in given.items() if isinstance(section, dict)}
    trained = {name: "architecture" in section for name, section in sections.items()}
    name = str(run.get("model"))
    if "training" in sections.get(name, {}) and run.get("corpora") == []:
        yield f"run.corpora: must have at least 1 item, for {name!r} is trained on them; got []"
    for variant in run["variants"] if isinstance(run.get("variants"), list) else []:
        if not trained.get(variant, True):
            yield f"run.variants: {variant!r} is not trained by the stage `train`; it can only be run.model"


def _strategies_asked_for(data: dict[str, Any], run: dict[str, Any]) -> Iterator[str]:
    """Yields what is wrong with the strategies that other sections name."""

    def names(section: Any, key: str) -> list[str]:
        given = section.get(key) if isinstance(section, dict) else None
        return [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]

    running, defined = names(run, "strategies"), list(data.get("strategies") or {})
    for name in names(data.get("evaluate"), "best"):
        if name not in running:
            yield f"evaluate.best: {name!r} is not listed in run.strategies{suggestion(name, running)}"
    studies = data.get("studies")
    for name in names(studies.get("vocabulary") if isinstance(studies, dict) else None, "strategies"):
        if name not in defined:
            hint = suggestion(name, defined)
            yield f"studies.vocabulary.strategies: {name!r} is not defined under `strategies`{hint}"


def _archives_needed(data: Any) -> Iterator[str]:
    """Yields what is wrong with the archives in `needs`."""
    if not isinstance(data, dict) or not isinstance(needs := data.get("needs"), dict):
        return
    defined = list(map(str, data.get("archives") or {}))
    for kind, section in needs.items():
        for owner, names in section.items() if isinstance(section, dict) else ():
            for name in names if isinstance(names, list) else ():
                if isinstance(name, str) and name not in defined:
                    hint = suggestion(name, defined)
                    yield f"needs.{kind}.{owner}: {name!r} is not defined under `archives`{hint}"


def main() -> None:
    """Checks params.yaml and does nothing else."""
    load_params()


if __name__ == "__main__":
    run(main)

"""The sections of params.yaml as types. `stages.params` reads the file and checks it against them."""

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
    create_model,
    model_validator,
)

from groupseg.networks.base import Kind
from groupseg.networks.frame import Windows
from groupseg.networks.given.config import ScoreSource
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.networks.registry import NETWORKS, kind_of, segments_of
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.training.recipe import Recipe
from groupseg.refine import settings as refine
from groupseg.segments.table import SegmentKind
from groupseg.strategies.registry import STRATEGIES
from groupseg.text.variants import variants

# Names become parts of stages, paths and dotted parameters, and arguments of commands, which a dash would make options.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
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


def _is_empty(value: list[str]) -> bool:
    """Whether a data set does without: then the key is nothing that something else is made from."""
    return not value


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
    """What `dvc repro` runs, out of all that is defined below it, and what the results are called."""

    name: Name
    model: Name
    datasets: list[Name] = Field(min_length=1)
    corpora: list[Name]
    strategies: list[Name] = Field(min_length=1)
    without: list[Name] = Field(default=[], exclude=True)  # in `strategies` they are left out already
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
    and judged in turn. `skip_unmatched` leaves out images without a mask and masks without an image, which else are an
    error; `exif_transpose_masks` turns masks as the EXIF orientation of their images says.
    """

    path: str | None = None
    calib: Calib | None = None
    crossfit: Annotated[int, Field(ge=2)] | None = None
    seed: NonNegativeInt = 0
    skip_unmatched: bool = False
    exif_transpose_masks: bool = False

    @model_validator(mode="after")
    def _calibrated_in_one_way(self) -> Self:
        if (self.calib is None) == (self.crossfit is None):
            raise ValueError("must hold calib (images to draw) or crossfit (folds of the test images), one of the two")
        return self

    def options(self) -> dict[str, Any]:
        """What its reader takes besides the tree, `calib` and `seed`."""
        switches = {"skip_unmatched", "exif_transpose_masks"}
        return self.model_dump(exclude={"format", *FilesSource.model_fields} - switches)


class PublishedSource(FilesSource):
    """A published layout that there is one kind of."""

    format: Literal["coco_object", "coco_object_instances", "coco_stuff", "ade20k", "cityscapes"]


class VocSource(FilesSource):
    """PASCAL VOC 2012, and SBD's labels to calibrate on where it is `augmented`."""

    format: Literal["voc"]
    background: bool
    augmented: bool = False


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
    """The words for a class, and the sentences around them; for scores of pixels also the words of the background."""

    templates: list[Template] = Field(min_length=1)
    names: Annotated[str | dict[str, str | list[str]], PlainValidator(_names)] = {}
    background: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default=[], exclude_if=_is_empty)


class Dataset(Section):
    """Labelled images, how its classes are put into words, and the strategy that is a constant for such data."""

    source: Annotated[
        ScenesSource | VocSource | ContextSource | PublishedSource | FolderSource | CocoJsonSource,
        Discriminator("format"),
    ]
    prompts: Prompts
    baseline: Name


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

    def settings(self) -> Any:
        """Returns the settings that the model's kind of network alone has."""
        return getattr(self, str(_kind(self)))


class GroupViTModel(PublishedModel):
    """GroupViT; with `training` it is trained here, and its weights come from nowhere else."""

    groupvit: GroupViTArchitecture
    training: GroupViTRecipe | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "GroupViTModel":
        if self.training and self.weights:
            raise ValueError("must hold `weights` or `training`, not both")
        return self


class GivenModel(PublishedModel):
    """Scores of pixels that somebody else's network gives; where they come from stands in the place of weights."""

    frame: None = None  # type: ignore[assignment]
    precision: Literal["float32"] = "float32"  # type: ignore[assignment]
    scores: ScoreSource

    @model_validator(mode="after")
    def _from_their_source(self) -> "GivenModel":
        if self.weights:
            raise ValueError("must not hold `weights`: `scores` says where scores come from")
        object.__setattr__(self, "weights", self.scores.place)  # sections are frozen
        return self


def model_recipe(model: TrainedModel | PublishedModel) -> Literal["scenes", "groupvit", "published"]:
    """Says what makes a model: the training of the small network, that of GroupViT, or weights that are there."""
    if isinstance(model, TrainedModel):
        return "scenes"
    return "groupvit" if isinstance(model, GroupViTModel) and model.training else "published"


def _kind(section: Any) -> str | None:
    """Tells kinds of models apart by the key that one of them alone has."""
    return kind_of(section if isinstance(section, dict) else getattr(section, "__dict__", {}))


def section_of(kind: Kind) -> Any:
    """Returns the section of a kind of network: where it is only published, its settings are all that is its own."""
    trained: dict[str, Any] = {"architecture": TrainedModel, "groupvit": GroupViTModel, "scores": GivenModel}
    settings: Any = type(kind.settings)
    name = f"{settings.__name__}Model"
    made = trained.get(kind.name) or create_model(name, __base__=PublishedModel, **{kind.name: (settings, ...)})
    return Annotated[made, Tag(kind.name)]


# As with strategies below, the registry is the list, and type checkers cannot follow it.
Model: Any = Annotated[Union[tuple(map(section_of, NETWORKS.values()))], Discriminator(_kind)]  # noqa: UP007


Refine = Annotated[refine.Refine, Discriminator("kind")]


class Segment(Section):
    """How a segment table is written."""

    embeddings: Literal["float32", "float16"]


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
    refine: dict[Name, Refine]
    segment: Segment
    strategies: dict[Name, Strategy]
    evaluate: Evaluate
    studies: Studies
    report: Report

    @property
    def segments(self) -> SegmentKind:
        """What the segments of the model that runs are described by."""
        return segments_of(self.models[self.run.model].model_dump())

    def refinement(self, model: str) -> refine.Refine:
        """Returns how masks of a model are refined: as said of it, else as those of the model that runs."""
        return self.refine.get(model, self.refine.get(self.run.model, refine.UNREFINED))

    def plain(self) -> dict[str, Any]:
        """Returns all of it as dictionaries, lists, text and numbers, with the defaults of what the file leaves out."""
        strategies = {name: strategy.definition() for name, strategy in self.strategies.items()}
        return {**self.model_dump(mode="json", exclude={"strategies"}), "strategies": strategies}

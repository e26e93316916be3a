"""The sections of params.yaml on data: data sets, corpora, and the archives that they are made from."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    NonNegativeInt,
    PlainValidator,
    PositiveInt,
    StringConstraints,
    model_validator,
)

from groupseg.text.variants import variants
from stages.sections.base import Name, Section, Template, Url

Scenes = Literal["scenes20", "scenes59", "scenes80"]


def _share_or_count(value: float) -> float:
    if value <= 0 or (value >= 1 and value != int(value)):
        raise ValueError("must be a number of images, or a share of them between 0 and 1")
    return value


Calib = Annotated[float, AfterValidator(_share_or_count)]


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
    names: Annotated[str | dict[str, str | list[str]], PlainValidator(_names)] = Field(default={})
    background: list[Annotated[str, StringConstraints(min_length=1)]] = Field(default=[], exclude_if=_is_empty)


class DatasetSection(Section):
    """Labelled images, how its classes are put into words, and the strategy that is a constant for such data."""

    source: Annotated[
        ScenesSource | VocSource | ContextSource | PublishedSource | FolderSource | CocoJsonSource,
        Discriminator("format"),
    ]
    prompts: Prompts
    baseline: Name


class ArchiveSection(Section):
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


class NeedsSection(Section):
    """The archives that data sets, corpora and models are made from."""

    datasets: dict[Name, list[Name]] = Field(default={})
    corpora: dict[Name, list[Name]] = Field(default={})
    models: dict[Name, list[Name]] = Field(default={})


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


CorpusSection = Annotated[
    ScenesCorpus | CocoCaptions | WebdatasetCorpus, Discriminator("format"), BeforeValidator(_drawn_unless_said)
]

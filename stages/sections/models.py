"""The sections of params.yaml on models: the networks, the text encoder, and how segments are made with them."""

from typing import Annotated, Any, Literal, Union

from pydantic import Discriminator, Field, StringConstraints, Tag, create_model, model_validator

from groupseg.networks.base import Kind
from groupseg.networks.frame import Windows
from groupseg.networks.given.config import ScoreSource
from groupseg.networks.groupvit.architecture import GroupViTArchitecture
from groupseg.networks.groupvit.training.recipe import GroupViTRecipe
from groupseg.networks.registry import NETWORKS, kind_of
from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.training.recipe import Recipe
from groupseg.refine import settings as refine
from stages.sections.base import Section, Template


class TextSection(Section):
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
ModelSection: Any = Annotated[Union[tuple(map(section_of, NETWORKS.values()))], Discriminator(_kind)]  # noqa: UP007

RefineSection = Annotated[refine.Refine, Discriminator("kind")]


class SegmentSection(Section):
    """How a segment table is written."""

    embeddings: Literal["float32", "float16"]

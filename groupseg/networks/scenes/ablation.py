"""The model of two stages without a part of how the second is trained; `MergingStage` says what the parts are for."""

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

from groupseg.networks.scenes.architecture import Architecture
from groupseg.networks.scenes.grouping import Description, Grouping
from groupseg.networks.scenes.merging import MergingStage
from groupseg.networks.scenes.model import SceneGroups, SceneModel


class _Attached(Tensor):
    """A tensor from which nothing is detached, nor from what is computed with it."""

    def detach(self) -> Tensor:
        """Returns the tensor, gradient and all."""
        return self


class AttachedStage(MergingStage):
    """Gradients flow back into the first assignment, the patches and the local features."""

    def forward(self, first: Grouping, patches: Tensor, local: Tensor, description: Description) -> Grouping:
        """As `MergingStage`."""
        hard, logits, patches, local = (
            tensor.as_subclass(_Attached) for tensor in (first.hard, first.logits, patches, local)
        )
        merged = super().forward(first._replace(hard=hard, logits=logits), patches, local, description)
        return Grouping(*(tensor.as_subclass(Tensor) for tensor in merged))


class DescribingStage(MergingStage):
    """Segments are described by weights of its own."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        self.description = Description(architecture.dim, architecture.text_dim)

    def forward(self, first: Grouping, patches: Tensor, local: Tensor, description: Description) -> Grouping:
        """As `MergingStage`."""
        return super().forward(first, patches, local, self.description)


class PlainStage(AttachedStage, DescribingStage):
    """Both: as the stages of GroupViT are."""


class AblatedModel(SceneModel):
    """A model of two stages with another second stage.

    Args:
        architecture: Its shape; two stages.
        stage: The second stage.
        both: Whether the losses read the segments of the first stage too.
    """

    def __init__(self, architecture: Architecture, stage: type[MergingStage], both: bool) -> None:
        super().__init__(architecture)
        merging = stage(architecture)
        # All start from the same weights, as far as they have the same.
        assert self.merging is not None
        merging.load_state_dict(self.merging.state_dict(), strict=False)
        self.merging, self._both = merging, both

    def forward(self, images: Tensor) -> SceneGroups:
        """As `SceneModel`."""
        groups = super().forward(images)
        return groups if self._both else groups._replace(first=None)


# The second stage without a part, and whether the losses read both; "none" leaves out nothing.
ABLATIONS: Mapping[str, tuple[type[MergingStage], bool]] = MappingProxyType(
    {
        "none": (MergingStage, True),
        "detached": (AttachedStage, True),
        "description": (DescribingStage, True),
        "losses": (MergingStage, False),
        "all": (PlainStage, False),
    }
)

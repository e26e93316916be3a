"""All of params.yaml as a type, made of `stages.sections`. `stages.params` reads the file and checks it against it."""

from typing import Any

from groupseg.networks.registry import segments_of
from groupseg.refine.settings import Refine, refinement_of
from groupseg.segments.table import SegmentKind
from stages.sections.base import Name, Section
from stages.sections.data import (
    ArchiveSection,
    CocoCaptions,
    CorpusSection,
    DatasetSection,
    FilesSource,
    NeedsSection,
    ScenesCorpus,
    ScenesSource,
    WebdatasetCorpus,
)
from stages.sections.models import (
    GroupViTModel,
    ModelSection,
    PublishedModel,
    RefineSection,
    SegmentSection,
    TextSection,
    TrainedModel,
    model_recipe,
    section_of,
)
from stages.sections.run import (
    EvaluateSection,
    LearningStudy,
    ReportSection,
    RunSection,
    StrategySection,
    StudiesSection,
    VocabularyStudy,
)

__all__ = [
    "ArchiveSection",
    "CocoCaptions",
    "FilesSource",
    "GroupViTModel",
    "LearningStudy",
    "Params",
    "PublishedModel",
    "ScenesCorpus",
    "ScenesSource",
    "TrainedModel",
    "VocabularyStudy",
    "WebdatasetCorpus",
    "model_recipe",
    "section_of",
]


class Params(Section):
    """All of params.yaml."""

    run: RunSection
    datasets: dict[Name, DatasetSection]
    corpora: dict[Name, CorpusSection]
    archives: dict[Name, ArchiveSection]
    needs: NeedsSection
    text: TextSection
    models: dict[Name, ModelSection]
    refine: dict[Name, RefineSection]
    segment: SegmentSection
    strategies: dict[Name, StrategySection]
    evaluate: EvaluateSection
    studies: StudiesSection
    report: ReportSection

    @property
    def segments(self) -> SegmentKind:
        """What the segments of the model that runs are described by."""
        return segments_of(self.models[self.run.model].model_dump())

    def refinement(self, model: str) -> Refine:
        """Returns how masks of a model are refined; see `refinement_of`."""
        return refinement_of(model, self.run.model, self.refine)

    def plain(self) -> dict[str, Any]:
        """Returns all of it as dictionaries, lists, text and numbers, with the defaults of what the file leaves out."""
        strategies = {name: strategy.definition() for name, strategy in self.strategies.items()}
        return {**self.model_dump(mode="json", exclude={"strategies"}), "strategies": strategies}

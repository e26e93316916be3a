"""The sections of params.yaml on what runs: strategies, how they are judged, studies and the report."""

from typing import Annotated, Any, Union

from pydantic import Discriminator, Field, NonNegativeInt, PositiveInt

from groupseg.strategies.registry import STRATEGIES
from stages.sections.base import Name, Section


class RunSection(Section):
    """What `dvc repro` runs, out of all that is defined below it, and what the results are called."""

    name: Name
    model: Name
    datasets: list[Name] = Field(min_length=1)
    corpora: list[Name]
    strategies: list[Name] = Field(min_length=1)
    without: list[Name] = Field(default=[], exclude=True)  # in `strategies` they are left out already
    variants: list[Name]
    folder: str


# The registry is the list of rules; there is no second one here. Type checkers cannot follow it.
StrategySection: Any = Annotated[Union[tuple(STRATEGIES.values())], Discriminator("rule")]  # noqa: UP007


class EvaluateSection(Section):
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


class StudiesSection(Section):
    """What is asked of the strategies beyond their figures."""

    learning: LearningStudy
    vocabulary: VocabularyStudy


class ReportSection(Section):
    """What the report shows."""

    pictures: PositiveInt

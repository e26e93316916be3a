"""Where everything lies. No other file of the pipeline names a place below data/, models/ or results/."""

from pathlib import Path

from stages.schema import Params

SOURCES = Path("data/sources")
MAKERS = {"datasets": "prepare", "corpora": "captions", "models": "train"}
CAPTIONS = Path("data/captions")
CAPTION_TEXTS = Path("data/text/captions.safetensors")


def note(stage: str, item: str | None = None) -> Path:
    """What a stage, or a stage for one item, is made from besides the outputs of others: parameters, code, files."""
    return SOURCES / (f"{stage}.json" if item is None else f"{stage}/{item}.json")


def source(kind: str, name: str) -> Path:
    """What a data set, corpus or model is made from: the note of the stage that makes it."""
    return note(MAKERS[kind], name)


def prepared(dataset: str) -> Path:
    """Shards of a data set."""
    return Path("data/prepared") / dataset


def text(dataset: str) -> Path:
    """Embedded class names of a data set."""
    return Path("data/text") / f"{dataset}.safetensors"


def segments(dataset: str, split: str) -> Path:
    """Segment table and segment maps of a split."""
    return Path("data/segments") / dataset / split


def table(dataset: str, split: str) -> Path:
    """Segment table of a split."""
    return segments(dataset, split) / "table.safetensors"


def weights(model: str) -> Path:
    """Weights of a model."""
    return Path("models") / f"{model}.safetensors"


def history(model: str) -> Path:
    """Losses of a training."""
    return Path("models") / f"{model}.csv"


def results(params: Params) -> Path:
    """Results of the run."""
    return Path("results") / params.run.name


def calibrations(params: Params, dataset: str) -> Path:
    """Records of the calibrations of a data set."""
    return results(params) / "calibration" / dataset


def predictions(params: Params, dataset: str) -> Path:
    """Labels of the test segments, by strategy."""
    return Path("data/predictions") / params.run.name / f"{dataset}.safetensors"


def counts(params: Params, dataset: str) -> Path:
    """Counts of each test image, by strategy."""
    return Path("data/counts") / params.run.name / f"{dataset}.safetensors"


def unseen_folder(params: Params) -> Path:
    """What the model that runs is trained from without some classes, and its weights then."""
    return Path("data/unseen") / params.run.model


def beside(params: Params) -> list[Path]:
    """What the report shows and no stage makes; some of these files may be missing."""
    names = [*(f"variants/{name}.json" for name in params.run.variants), "refine.json", "unseen.json"]
    return [results(params) / name for name in names]


def forget_report() -> None:
    """Takes the note of the report away: `dvc repro` then makes it again, of what lies in `beside`, and the report."""
    note("report").unlink(missing_ok=True)


def done(stage: str, params: Params) -> Path:
    """Stands for what a stage leaves outside of DVC, such as a report that names the time; different for each stage."""
    return Path("data/done") / params.run.name / f"{stage}.json"

import pytest

from groupseg.fonts import font
from groupseg.report.paper import Paper
from groupseg.report.results import DatasetResults, Results, read_results
from tests.results import build


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of the small project, for tests that change none of its files."""
    return read_results(build(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="session")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of the small project with its figures and its report."""
    return read_results(build(tmp_path_factory.mktemp("reported"), reported=True))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str, float]]:
    """What is written on sheets during a test: place, text and width."""
    found: list[tuple[float, str, float]] = []
    write = Paper.write

    def note(paper: Paper, x: float, y: float, text: str, size: float, *args: object, **kwargs: object) -> float:
        found.append((x, text, font(size, bool(kwargs.get("bold"))).getlength(text)))
        return write(paper, x, y, text, size, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Paper, "write", note)
    return found


@pytest.fixture
def dataset(results: Results) -> DatasetResults:
    return results.datasets[0]

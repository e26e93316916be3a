import pytest

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
def dataset(results: Results) -> DatasetResults:
    return results.datasets[0]

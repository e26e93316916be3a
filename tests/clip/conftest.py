import pytest

from tests.clip.tiny import register
from tests.datasets.conftest import real  # noqa: F401  (a fixture)


@pytest.fixture(scope="session", autouse=True)
def _known(tmp_path_factory: pytest.TempPathFactory) -> None:
    register(tmp_path_factory.mktemp("open_clip"))

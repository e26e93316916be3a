import pytest

from tests.datasets.conftest import real  # noqa: F401  (a fixture)
from tests.networks.clip.tiny import register


@pytest.fixture(scope="session", autouse=True)
def _known(tmp_path_factory: pytest.TempPathFactory) -> None:
    register(tmp_path_factory.mktemp("open_clip"))

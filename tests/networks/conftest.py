from tests.datasets.conftest import real  # noqa: F401  (a fixture)

import pytest


@pytest.fixture(autouse=True)
def _log_as_it_comes(plain_logging: None) -> None:
    """Many of these tests look at what is logged."""

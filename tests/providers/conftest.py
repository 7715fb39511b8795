from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    """A desk that another test started has configured the log of the whole process."""
    configuration = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**configuration)

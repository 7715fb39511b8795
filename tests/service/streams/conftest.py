import pytest

from tests.service.streams.watching import Desk


@pytest.fixture
def desk(clock):
    return Desk(clock)

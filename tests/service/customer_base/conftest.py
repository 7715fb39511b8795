import pytest

from service.database import Database
from tests.service.customer_base.counting import CountingDesk


@pytest.fixture
def desk(database: Database) -> CountingDesk:
    return CountingDesk(database)

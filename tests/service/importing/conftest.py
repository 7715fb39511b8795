from pathlib import Path

import pytest

from service.database import Database
from tests.service.importing.bringing import ImportDesk


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> ImportDesk:
    """Once on each database."""
    return ImportDesk(database, tmp_path)

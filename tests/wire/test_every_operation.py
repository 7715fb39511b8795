"""Every operation of the OpenAPI document, called in many ways; on SQLite and PostgreSQL.

Whatever is sent, the answer is one that the document names for the operation, status and body, and no 5xx.
A new operation is called by itself; an id in its path that is of a new kind has to be made in `Known`.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import empty_all_tables
from tests.wire.desk import running_desk
from tests.wire.generated import Sampler

pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)
"""Nothing does: the desk's own threads run in this process, and hypothesis cannot tell whose the use was."""

DATABASES = ("sqlite", "postgresql")
EXAMPLES = 2
EXAMPLES_IN_FULL = 30
HOSTILE_REQUESTS = 12


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sampler(
    request: pytest.FixtureRequest,
    engine: str,
    migrated_sqlite: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sampler]:
    directory = tmp_path_factory.mktemp("operations")
    if engine == "postgresql":
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    log = directory / "app.log"
    told = {"LOG_FILE": str(log), "LOG_LEVEL": "WARNING"}
    with running_desk({"DATABASE_URL": url} | told) as desk:
        sampler = Sampler(desk, log)
        yield sampler
        sampler.close()
    if engine == "postgresql":
        empty_all_tables(url)


def chosen(sampler: Sampler, engine: str, full: bool) -> list[Any]:
    """All operations, or every second one, the others on the other database."""
    operations = list(sampler.operations())
    return operations if full else operations[DATABASES.index(engine) :: len(DATABASES)]


def test_generated_requests_are_answered_as_the_document_says(
    sampler: Sampler, engine: str, full: bool, say: Callable[[str], None]
) -> None:
    examples = EXAMPLES_IN_FULL if full else EXAMPLES
    faults = [sampler.fault_of(operation, examples) for operation in chosen(sampler, engine, full)]
    assert not any(faults), "\n\n".join(fault for fault in faults if fault)
    say(f"generated requests: {sampler.count:,} to {len(sampler.answered)} operations")


def test_hostile_values_are_answered_as_the_document_says(
    sampler: Sampler, engine: str, full: bool, say: Callable[[str], None]
) -> None:
    chance = random.Random(0)

    def some(requests: list) -> list:
        return requests if full else chance.sample(requests, min(HOSTILE_REQUESTS, len(requests)))

    faults = [sampler.fault_of_hostile(operation, some) for operation in chosen(sampler, engine, full)]
    assert not any(faults), "\n\n".join(fault for fault in faults if fault)
    say(f"hostile requests: {sampler.count:,} to {len(sampler.answered)} operations")

"""Over two processes and a restart: customers who are known never wait."""

from collections.abc import Iterator
from functools import partial

import pytest
import redis
from sqlalchemy import create_engine, func, update

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import engine_options, normalise_url
from service.intelligence.models import CustomerSnapshot
from tests.servers import Redis
from tests.wire.cases import timed
from tests.wire.conftest import SIMULATOR_KEY
from tests.wire.processes import CONNECTIONS, two_processes

CUSTOMER = "cust_123"
PATH = f"/api/ai/customers/{CUSTOMER}/intelligence"
AT_ONCE_S = 0.3


@pytest.fixture
def quimbi() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


def let_facts_run_out(database_url: str) -> None:
    url = normalise_url(database_url)
    engine = create_engine(url, **engine_options(url))
    with engine.begin() as connection:
        connection.execute(update(CustomerSnapshot).values(refresh_due_since=func.now()))
    engine.dispose()


def test_a_restart_with_quimbi_hanging_and_redis_empty_keeps_no_known_customer_waiting(
    quimbi: QuimbiSimulator, sqlite_url: str, own_redis: Redis
) -> None:
    with two_processes(sqlite_url, quimbi, own_redis.url) as before:
        before.new_ticket(CUSTOMER)
        fresh = before.get(PATH).json()
    let_facts_run_out(sqlite_url)
    with redis.Redis.from_url(own_redis.url) as client:
        client.flushall()
    quimbi.inject(Fault.HANG)
    with two_processes(sqlite_url, quimbi, own_redis.url, FACTS_DEADLINE="10") as after:
        after.get("/readyz")
        for _ in range(CONNECTIONS):
            answer, took_s = timed(partial(after.get, PATH))
            stale = answer.json()
            assert took_s < AT_ONCE_S
            assert stale["provenance"]["source"] == "stale"
            assert stale["provenance"]["as_of"] == fresh["provenance"]["as_of"]
            assert stale["predictions"] == fresh["predictions"]
    assert quimbi.calls("analyze", customer_id=CUSTOMER) <= 1 + 2, "one refresh in each process at most"

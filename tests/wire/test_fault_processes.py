"""What a fault shows of a server of two processes."""

import time
from collections.abc import Iterator
from itertools import count

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.real_server import RealServer
from tests.wire.conftest import SIMULATOR_KEY
from tests.wire.load import seconds_until
from tests.wire.processes import CONNECTIONS, two_processes

TOLD_WITHIN_S = 5.0


@pytest.fixture
def quimbi() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


def test_health_of_every_process_tells_of_a_fault_and_of_its_end_within_five_seconds_of_traffic(
    quimbi: QuimbiSimulator, sqlite_url: str
) -> None:
    with two_processes(sqlite_url, quimbi, CIRCUIT_RESET_TIMEOUT="0.5") as server:
        traffic = Traffic(server)
        seconds_until(lambda: traffic.told() == {"connected"}, at_most_s=TOLD_WITHIN_S)
        quimbi.inject(Fault.SERVER_ERROR)
        seconds_until(lambda: traffic.told() == {"unavailable"}, at_most_s=TOLD_WITHIN_S)
        quimbi.clear_faults()
        seconds_until(lambda: traffic.told() == {"connected"}, at_most_s=TOLD_WITHIN_S)


class Traffic:
    """Each look is preceded by two questions about customers whom nobody has asked about."""

    def __init__(self, server: RealServer) -> None:
        self._server = server
        self._numbers = count(700_000)

    def told(self) -> set[str]:
        """What the processes say of Quimbi, over so many connections that each of them is asked."""
        for _ in range(2):
            customer_id = f"cust_{next(self._numbers)}"
            self._server.new_ticket(customer_id)
            self._server.get(f"/api/ai/customers/{customer_id}/intelligence")
        health = [self._server.get("/health").json() for _ in range(CONNECTIONS)]
        return {each["services"]["quimbi_api"] for each in health}


def test_a_killed_process_costs_only_the_requests_that_it_had_in_hand(
    quimbi: QuimbiSimulator, sqlite_url: str
) -> None:
    with two_processes(sqlite_url, quimbi) as server:
        ticket_id = server.new_ticket("cust_123")
        before = server.get("/api/ai/customers/cust_123/churn").json()
        killed_at = time.monotonic()
        server.kill_one()
        seconds_until(lambda: all_answered(server, f"/api/tickets/{ticket_id}"), at_most_s=TOLD_WITHIN_S)
        after = server.get("/api/ai/customers/cust_123/churn").json()
        assert after | {"provenance": None} == before | {"provenance": None}
        assert time.monotonic() - killed_at < 2 * TOLD_WITHIN_S

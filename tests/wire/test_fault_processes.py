"""What a fault shows of a server of two processes."""

from collections.abc import Iterator
from itertools import count

import pytest
import requests

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


def test_every_process_tells_of_a_fault_and_of_its_end_within_five_seconds_of_traffic(
    quimbi: QuimbiSimulator, sqlite_url: str
) -> None:
    with two_processes(sqlite_url, quimbi, CIRCUIT_RESET_TIMEOUT="0.5") as server:
        traffic = Traffic(server)
        seconds_until(lambda: traffic.told() == {"connected"}, at_most_s=TOLD_WITHIN_S)
        quimbi.inject(Fault.SERVER_ERROR)
        seconds_until(lambda: traffic.told() == {"unavailable"}, at_most_s=TOLD_WITHIN_S)
        quimbi.clear_faults()
        seconds_until(lambda: traffic.told() == {"connected"}, at_most_s=TOLD_WITHIN_S)


def test_while_quimbi_hangs_and_a_process_is_killed_the_desk_is_there_again_by_itself(
    quimbi: QuimbiSimulator, sqlite_url: str
) -> None:
    with two_processes(sqlite_url, quimbi) as server:
        ticket_id = server.new_ticket("cust_123")
        quimbi.inject(Fault.HANG)
        server.kill_a_worker(first_of_them)
        seconds_until(lambda: all_read(server, f"/api/tickets/{ticket_id}"), at_most_s=TOLD_WITHIN_S)


def first_of_them(workers: list[str]) -> str:
    return workers[0]


def all_read(server: RealServer, path: str) -> bool:
    try:
        return {server.get(path).status_code for _ in range(CONNECTIONS)} == {200}
    except requests.ConnectionError:
        return False

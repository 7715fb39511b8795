import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.providers.testing.calls import PATHS, Ask, full_body


def test_latency_comes_before_the_true_answer(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.LATENCY, seconds=0.08)
    began_s = time.monotonic()
    assert ask(simulator, "analyze").status_code == 200
    assert time.monotonic() - began_s >= 0.08


def test_faults_of_different_kinds_add_up(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.LATENCY, seconds=0.05)
    simulator.inject(Fault.BAD_GATEWAY)
    began_s = time.monotonic()
    assert ask(simulator, "analyze").status_code == 502
    assert time.monotonic() - began_s >= 0.05


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.CUT_BODY])
@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_may_be_cut(simulator: QuimbiSimulator, ask: Ask, fault: Fault, reset: bool) -> None:
    simulator.inject(fault, reset=reset)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask(simulator, "analyze")


def test_a_hang_lasts_until_it_is_cleared(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.HANG, endpoint="analyze")
    with ThreadPoolExecutor(1) as pool:
        hung = pool.submit(ask, simulator, "analyze")
        _eventually(lambda: simulator.in_flight == 1)
        assert ask(simulator, "churn").status_code == 200
        assert not hung.done()
        simulator.clear_faults()
        assert hung.result(timeout=5).status_code == 200


def test_a_client_that_gives_up_frees_its_place(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.HANG)
    with pytest.raises(requests.ReadTimeout):
        ask(simulator, "analyze", timeout=0.05)
    _eventually(lambda: simulator.in_flight == 0)
    assert simulator.calls("analyze") == 1


def test_closing_does_not_wait_for_hung_or_idle_connections(session: requests.Session) -> None:
    with QuimbiSimulator() as simulator, ThreadPoolExecutor(2) as pool:
        session.get(simulator.url + "/health", timeout=5)  # leaves an idle connection behind
        simulator.inject(Fault.HANG, endpoint="analyze")
        simulator.inject(Fault.DRIPPING_BODY, endpoint="churn", interval_s=60)
        hung = [
            pool.submit(requests.post, simulator.url + PATHS[endpoint], json=full_body("7003"), timeout=9)
            for endpoint in ("analyze", "churn")
        ]
        _eventually(lambda: simulator.in_flight == 2)
        began_s = time.monotonic()
        simulator.close()
        assert time.monotonic() - began_s < 1
        assert all(isinstance(call.exception(5), requests.RequestException) for call in hung)


def test_a_header_may_come_one_byte_at_a_time(simulator: QuimbiSimulator) -> None:
    simulator.inject(Fault.DRIPPING_HEADER, interval_s=0.01)
    with _open(simulator) as connection:
        connection.sendall(_raw_request("analyze"))
        assert len(_received(connection, pieces=4)) < len(b"HTTP/1.1 200 OK")


def test_a_body_may_come_one_byte_at_a_time(simulator: QuimbiSimulator) -> None:
    simulator.inject(Fault.DRIPPING_BODY, interval_s=0.01)
    with _open(simulator) as connection:
        connection.sendall(_raw_request("analyze"))
        head, _, body = _received(connection, pieces=4).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert 0 < len(body) < len('{"customer_id"')


def test_a_drip_ends_with_the_whole_answer(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.DRIPPING_HEADER, endpoint="churn", interval_s=0)
    simulator.inject(Fault.DRIPPING_BODY, endpoint="ltv", interval_s=0)
    assert [ask(simulator, endpoint).json()["customer_id"] for endpoint in ("churn", "ltv")] == ["7003"] * 2


def test_calls_one_after_the_other_are_never_parallel(simulator: QuimbiSimulator, ask: Ask) -> None:
    for _ in range(50):
        ask(simulator, "churn")
    assert simulator.max_parallel == 1


def test_a_generation_may_block_the_whole_process(deployed: QuimbiSimulator, ask: Ask) -> None:
    deployed.inject(Fault.LATENCY, endpoint="message", seconds=0.09, whole_process=True)
    with ThreadPoolExecutor(1) as pool:
        generating = pool.submit(ask, deployed, "message")
        _eventually(lambda: deployed.in_flight == 1)
        began_s = time.monotonic()
        requests.get(deployed.url + "/health", timeout=5)
        assert time.monotonic() - began_s > 0.03
        assert generating.result(5).status_code == 200


def test_parallel_requests_may_lock_it_up(deployed: QuimbiSimulator, session: requests.Session) -> None:
    deployed.inject(Fault.LOCK_UP, parallel=3, seconds=0.09)
    meeting = threading.Barrier(3)

    def call() -> float:
        meeting.wait()
        began_s = time.monotonic()
        headers = {"X-API-Key": str(session.headers["X-API-Key"])}
        requests.post(deployed.url + PATHS["churn"], json=full_body("7003"), headers=headers, timeout=5)
        return time.monotonic() - began_s

    deployed.inject(Fault.LATENCY, seconds=0.05)
    with ThreadPoolExecutor(3) as pool:
        times_s = [future.result() for future in [pool.submit(call) for _ in range(3)]]
    assert max(times_s) >= 0.09
    assert deployed.max_parallel == 3


def test_a_connection_is_kept_for_the_next_request(simulator: QuimbiSimulator) -> None:
    with _open(simulator) as connection:
        for _ in range(3):
            connection.sendall(_raw_request("churn"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")


def test_what_is_no_http_is_refused_and_hung_up_on(simulator: QuimbiSimulator) -> None:
    for raw in (b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
        with _open(simulator) as connection:
            connection.sendall(raw)
            assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
            assert connection.recv(65536) == b""


def test_a_simulator_that_never_served_closes_too() -> None:
    QuimbiSimulator().close()


def _open(simulator: QuimbiSimulator) -> socket.socket:
    host, port = simulator.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _raw_request(endpoint: str) -> bytes:
    body = json.dumps(full_body("7003")).encode()
    lines = (
        f"POST {PATHS[endpoint]} HTTP/1.1",
        "Host: quimbi",
        "X-API-Key: qpk_test_simulator",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _received(connection: socket.socket, *, pieces: int) -> bytes:
    return b"".join(connection.recv(65536) for _ in range(pieces))


def _eventually(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until_s, "it never came to be"
        time.sleep(0.002)

import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from math import isnan

import pytest
import requests

from providers.testing.fakes import EPOCH, FakeClock
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from providers.testing.quimbi_simulator.faults import ERROR_SHAPES, PARAMETERS
from tests.providers.testing.calls import PATHS, Ask, full_body


def test_a_fault_hits_the_named_endpoint_alone(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.BAD_GATEWAY, endpoint="churn")
    assert (ask(simulator, "churn").status_code, ask(simulator, "analyze").status_code) == (502, 200)


def test_a_fault_hits_the_named_customer_alone(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.SERVER_ERROR, customer_id="7004")
    assert [ask(simulator, "ltv", customer_id).status_code for customer_id in ("7003", "7004")] == [200, 500]


def test_a_fault_wears_off_after_its_times(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.UNAVAILABLE, times=2)
    assert [ask(simulator, "analyze").status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_spares_health_unless_told_so(simulator: QuimbiSimulator) -> None:
    simulator.inject(Fault.SERVER_ERROR)
    assert requests.get(simulator.url + "/health", timeout=5).status_code == 200
    simulator.inject(Fault.SERVER_ERROR, endpoint="health")
    assert requests.get(simulator.url + "/health", timeout=5).status_code == 500


def test_clearing_faults_ends_them_all(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.GARBAGE)
    simulator.inject(Fault.FORBIDDEN, endpoint="ltv")
    simulator.clear_faults()
    assert ask(simulator, "ltv").status_code == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.UNAUTHORIZED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.CUSTOMER_NOT_FOUND, 404),
        (Fault.UNKNOWN_ROUTE, 404),
        (Fault.UNPROCESSABLE, 422),
        (Fault.SERVER_ERROR_HTML, 500),
        (Fault.BROKEN_ROW, 500),
        (Fault.BAD_GATEWAY, 502),
        (Fault.UNAVAILABLE, 503),
        (Fault.GATEWAY_TIMEOUT, 504),
    ],
)
def test_a_fault_answers_with_its_status(
    simulator: QuimbiSimulator, ask: Ask, fault: Fault, status: int
) -> None:
    simulator.inject(fault)
    assert ask(simulator, "analyze").status_code == status


def test_html_hides_inside_the_error_message(deployed: QuimbiSimulator, ask: Ask) -> None:
    deployed.inject(Fault.SERVER_ERROR_HTML)
    assert "<html>" in ask(deployed, "message").json()["error"]["message"]


@pytest.mark.parametrize("shape", ERROR_SHAPES)
def test_a_server_error_comes_in_every_shape(deployed: QuimbiSimulator, ask: Ask, shape: str) -> None:
    deployed.inject(Fault.SERVER_ERROR, shape=shape)
    assert ask(deployed, "churn").status_code == 500


def test_retry_after_comes_in_seconds_or_as_a_date(ask: Ask) -> None:
    with QuimbiSimulator(clock=FakeClock()) as simulator:
        simulator.inject(Fault.RATE_LIMITED, endpoint="analyze", retry_after_s=7)
        simulator.inject(Fault.RATE_LIMITED, endpoint="churn", retry_after_s=7, as_date=True)
        seconds, date = ask(simulator, "analyze"), ask(simulator, "churn")
    assert (seconds.status_code, seconds.headers["Retry-After"]) == (429, "7")
    assert (parsedate_to_datetime(date.headers["Retry-After"]) - EPOCH).total_seconds() == 7


def test_a_200_may_hold_nothing_but_an_error(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.ERROR_IN_200)
    answer = ask(simulator, "analyze")
    assert (answer.status_code, list(answer.json())) == (200, ["error"])


@pytest.mark.parametrize("fault", [Fault.TRUNCATED_JSON, Fault.GARBAGE, Fault.EMPTY_BODY])
def test_some_200s_do_not_parse(simulator: QuimbiSimulator, ask: Ask, fault: Fault) -> None:
    simulator.inject(fault)
    answer = ask(simulator, "analyze")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_nan_spoils_every_number_or_the_named_one(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.NAN, endpoint="analyze", field="avg_order_value")
    simulator.inject(Fault.NAN, endpoint="ltv")
    spoilt = ask(simulator, "analyze").text
    assert spoilt.count("NaN") == 1
    assert '"avg_order_value": NaN' in spoilt
    assert isnan(ask(simulator, "ltv").json()["current_ltv"])


def test_a_message_may_be_empty(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.EMPTY_MESSAGE)
    assert ask(simulator, "message").json()["message"] == ""


def test_a_row_may_turn_out_empty(deployed: QuimbiSimulator, ask: Ask) -> None:
    deployed.inject(Fault.EMPTY_ROW)
    assert ask(deployed, "analyze").json()["archetype"]["id"] is None


def test_an_answer_may_be_about_somebody_else(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.OTHER_CUSTOMER)
    assert ask(simulator, "churn", "7003").json()["customer_id"] == "7001"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_be_huge_with_and_without_a_length(
    simulator: QuimbiSimulator, ask: Ask, chunked: bool
) -> None:
    simulator.inject(Fault.HUGE_BODY, size_bytes=1_500_000, chunked=chunked)
    answer = ask(simulator, "analyze")
    assert len(answer.content) > 1_500_000
    assert ("Content-Length" in answer.headers) is not chunked
    assert answer.json()["customer_id"] == "7003"


def test_a_redirect_leads_to_another_host_name(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.REDIRECT)
    answer = ask(simulator, "analyze")
    assert answer.status_code == 307
    assert answer.headers["Location"] == simulator.url.replace("127.0.0.1", "localhost") + PATHS["analyze"]


def test_a_200_may_be_a_web_page(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.WRONG_CONTENT_TYPE)
    assert ask(simulator, "analyze").headers["Content-Type"] == "text/html"


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


@pytest.mark.parametrize(
    "injection",
    [
        {"fault": "gremlins"},
        {"fault": Fault.HANG, "endpoint": "billing"},
        {"fault": Fault.HANG, "times": 0},
        {"fault": Fault.HANG, "seconds": 3},
        {"fault": Fault.LATENCY, "seconds": "long"},
        {"fault": Fault.SERVER_ERROR, "shape": "round"},
    ],
)
def test_what_cannot_be_injected_is_refused_at_once(
    simulator: QuimbiSimulator, injection: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        simulator.inject(**injection)  # type: ignore[arg-type]  # that is the point
    assert simulator.faults() == []


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


def test_every_listed_parameter_belongs_to_a_fault_with_a_default() -> None:
    assert all(fields for fields in PARAMETERS.values())


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

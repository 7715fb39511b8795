from email.utils import parsedate_to_datetime
from math import isnan

import pytest
import requests

from providers.testing.fakes import EPOCH, FakeClock
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from providers.testing.quimbi_simulator.faults import ERROR_SHAPES
from tests.providers.testing.calls import PATHS, Ask


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

"""Many who ask for the same at once: one call upstream, nobody refused, and threads left for the others."""

import json
import time
from contextlib import ExitStack

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.wire.cases import new_case
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk
from tests.wire.flights import crowd

PATIENT = {"FACTS_DEADLINE": "10", "TEXTS_DEADLINE": "10", "TEXTS_FACTS_WAIT": "3"}
UPSTREAM_TAKES_S = 0.8
AT_ONCE_S = 0.3


@pytest.fixture
def simulator():
    with QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture
def desk(start_desk: StartDesk, simulator: QuimbiSimulator) -> Desk:
    return start_desk(**pointing_at(simulator) | PATIENT)


@pytest.mark.parametrize(("question", "endpoint"), [("intelligence", "analyze"), ("ltv", "ltv")])
def test_200_clients_of_one_cold_customer_are_one_call_and_200_good_answers(
    desk, simulator, question, endpoint
):
    case = new_case(desk)
    simulator.inject(Fault.LATENCY, endpoint=endpoint, seconds=UPSTREAM_TAKES_S)
    with crowd(desk.url, case.path(question), 200) as clients:
        answers = clients.answers()
    assert simulator.calls(endpoint) == 1
    assert {answer["provenance"]["provider"] for answer in answers} == {"quimbi"}
    assert {answer["provenance"]["degraded"] for answer in answers} == {False}
    assert len({str({**answer, "provenance": None}) for answer in answers}) == 1


@pytest.mark.parametrize("question", ["draft-response", "recommendation"])
def test_100_clients_of_one_text_share_one_generation(desk, simulator, question):
    case = new_case(desk)
    simulator.inject(Fault.LATENCY, seconds=UPSTREAM_TAKES_S)
    with crowd(desk.url, case.path(question), 100) as clients:
        answers = clients.answers()
    name = "draft_id" if question == "draft-response" else "recommendation_id"
    assert len({answer[name] for answer in answers}) == 1
    assert {answer["provenance"]["degraded"] for answer in answers} == {False}
    assert {answer["facts_provenance"]["provider"] for answer in answers} == {"quimbi"}
    assert simulator.calls("analyze") == 1
    assert simulator.calls("message") + simulator.calls("actions") == 1


def test_100_who_regenerate_at_once_share_one_generation_on_fresh_facts(desk, simulator):
    case = new_case(desk)
    case.answer("intelligence")
    simulator.inject(Fault.LATENCY, seconds=UPSTREAM_TAKES_S)
    path = f"/api/ai/tickets/{case.ticket_id}/regenerate-draft"
    with crowd(desk.url, path, 100, method="POST") as clients:
        answers = clients.answers()
    assert len({answer["draft_id"] for answer in answers}) == 1
    assert (simulator.calls("analyze"), simulator.calls("message")) == (2, 1)
    assert case.answer("draft-response")["provenance"]["source"] == "stored"


def test_60_who_wait_on_16_threads_leave_the_others_be(desk, simulator):
    known, cold = new_case(desk), new_case(desk)
    known.answer("intelligence")
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=1.2)
    with crowd(desk.url, cold.path("intelligence"), 60) as clients:
        time.sleep(AT_ONCE_S)
        began = time.monotonic()
        assert desk.get("/livez").status_code == 200
        assert known.answer("intelligence")["provenance"]["source"] == "cache"
        assert known.answer("churn")["churn_risk_score"] is not None
        assert time.monotonic() - began < AT_ONCE_S
        assert {answer["provenance"]["degraded"] for answer in clients.answers()} == {False}


def test_cold_customers_fill_half_of_the_lane_and_the_rest_is_told_at_once(desk, simulator):
    cases = [new_case(desk) for _ in range(24)]
    known = new_case(desk)
    known.answer("intelligence")
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=2.5)
    with ExitStack() as stack:
        clients = [stack.enter_context(crowd(desk.url, case.path("intelligence"), 1)) for case in cases]
        time.sleep(AT_ONCE_S)
        began = time.monotonic()
        assert known.answer("intelligence")["provenance"]["source"] == "cache"
        assert time.monotonic() - began < AT_ONCE_S
        answers = [answer for client in clients for answer in client.answers()]
    reasons = [answer["provenance"]["reason"] for answer in answers]
    assert reasons.count(None) == 8
    assert reasons.count("busy") == 16


def test_who_waited_two_seconds_in_vain_is_told_that_it_is_in_progress(start_desk, simulator):
    desk = start_desk(**pointing_at(simulator) | PATIENT, SINGLE_FLIGHT_WAIT="0.3")
    case = new_case(desk)
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=2)
    with crowd(desk.url, case.path("intelligence"), 20) as clients:
        answers = clients.answers()
    reasons = [answer["provenance"]["reason"] for answer in answers]
    assert (reasons.count(None), reasons.count("in_progress")) == (1, 19)


def test_without_any_cache_those_who_waited_have_the_leaders_answer(start_desk, simulator, own_redis):
    desk = start_desk(**pointing_at(simulator) | PATIENT, REDIS_URL=own_redis.url)
    case = new_case(desk)
    own_redis.kill()
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=UPSTREAM_TAKES_S)
    with crowd(desk.url, case.path("intelligence"), 50) as clients:
        answers = clients.answers()
    assert simulator.calls("analyze") == 1
    told = {(answer["provenance"]["source"], answer["provenance"]["reason"]) for answer in answers}
    assert told <= {("fresh", None), ("cache", None)}, "who came just after it landed reads what was kept"


def test_clients_that_leave_while_they_wait_are_not_served(desk, simulator):
    case = new_case(desk)
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=UPSTREAM_TAKES_S)
    with crowd(desk.url, case.path("intelligence"), 1) as first:
        time.sleep(0.1)
        with crowd(desk.url, case.path("intelligence"), 40):
            time.sleep(0.1)
        assert first.answers()[0]["provenance"]["source"] == "fresh"
    assert case.answer("intelligence")["provenance"]["source"] == "cache"
    assert simulator.calls("analyze") == 1


def test_one_who_waited_has_one_line_in_the_log_with_all_of_the_time(start_desk, simulator, tmp_path):
    desk = start_desk(**pointing_at(simulator) | PATIENT, LOG_LEVEL="INFO")
    case = new_case(desk)
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=UPSTREAM_TAKES_S)
    with crowd(desk.url, case.path("intelligence"), 1) as first:
        time.sleep(0.1)
        with crowd(desk.url, case.path("intelligence"), 10) as waiting:
            waiting.answers()
        first.answers()
    logged = [json.loads(line) for line in (tmp_path / "app.log").read_text().splitlines()]
    told = [line for line in logged if str(line.get("rule")).endswith("/intelligence")]
    assert len(told) == len({line["request_id"] for line in told}) == 11
    assert min(line["duration_ms"] for line in told) > 1000 * (UPSTREAM_TAKES_S - 0.4)

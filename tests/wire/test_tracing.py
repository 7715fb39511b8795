"""W3C Trace Context: in, through the log, and on to the provider."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
TRACESTATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"

INVALID = {
    "version ff": f"ff-{TRACE_ID}-{SPAN_ID}-01",
    "no trace": f"00-{'0' * 32}-{SPAN_ID}-01",
    "no parent": f"00-{TRACE_ID}-{'0' * 16}-01",
    "upper case": f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
    "short trace": f"00-{TRACE_ID[1:]}-{SPAN_ID}-01",
    "long parent": f"00-{TRACE_ID}-{SPAN_ID}0-01",
    "no flags": f"00-{TRACE_ID}-{SPAN_ID}",
    "more than version 00 has": f"{TRACEPARENT}-extra",
    "twice": f"{TRACEPARENT},{TRACEPARENT}",
    "no hexadecimal": f"00-{'g' * 32}-{SPAN_ID}-01",
    "words": "hello",
}


@pytest.fixture
def simulator() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture
def desk(start_desk: StartDesk, simulator: QuimbiSimulator) -> Desk:
    return start_desk(**pointing_at(simulator), LOG_LEVEL="INFO")


def ask(desk: Desk, **headers: str) -> None:
    path = "/api/ai/customers/cust_123/churn"
    assert desk.get(path, headers=headers).status_code == 200


def logged(tmp_path: Path, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (tmp_path / "app.log").read_text().splitlines()]
    return [line for line in lines if line["event"] == event]


def sent(simulator: QuimbiSimulator) -> list[list[str]]:
    """The four parts of each `traceparent` that came upstream."""
    return [request.headers["traceparent"].split("-") for request in simulator.requests()]


@pytest.fixture(autouse=True)
def _known_customer(desk: Desk) -> None:
    desk.new_ticket("cust_123")


def test_the_trace_of_a_caller_is_continued(desk: Desk, simulator: QuimbiSimulator, tmp_path: Path) -> None:
    ask(desk, traceparent=TRACEPARENT, tracestate=TRACESTATE)

    ((version, trace_id, span_id, flags),) = sent(simulator)
    assert (version, trace_id, flags) == ("00", TRACE_ID, "01")
    assert span_id not in (SPAN_ID, "0" * 16)
    assert simulator.requests()[-1].headers["tracestate"] == TRACESTATE
    for event in ("request", "provider_call"):
        assert logged(tmp_path, event)[-1]["trace_id"] == TRACE_ID
        assert logged(tmp_path, event)[-1]["request_id"]


def test_what_the_caller_does_not_record_stays_so(desk: Desk, simulator: QuimbiSimulator) -> None:
    ask(desk, traceparent=f"00-{TRACE_ID}-{SPAN_ID}-00")
    assert sent(simulator)[-1][3] == "00"


def test_each_attempt_is_a_span_of_its_own(start_desk: StartDesk, simulator: QuimbiSimulator) -> None:
    patient = start_desk(**pointing_at(simulator) | {"QUIMBI_MAX_RETRIES": "1", "FACTS_DEADLINE": "5"})
    simulator.inject(Fault.SERVER_ERROR, times=1)
    ask(patient, traceparent=TRACEPARENT)

    first, second = sent(simulator)
    assert first[1] == second[1] == TRACE_ID
    assert first[2] != second[2]


def test_a_request_without_a_trace_begins_one(desk: Desk, simulator: QuimbiSimulator, tmp_path: Path) -> None:
    ask(desk)
    desk.get("/api/tickets")

    ((version, trace_id, _, flags),) = sent(simulator)
    assert (version, flags) == ("00", "01")
    of_facts, of_list = (line["trace_id"] for line in logged(tmp_path, "request")[-2:])
    assert of_facts == trace_id
    assert of_list != trace_id
    assert "tracestate" not in simulator.requests()[-1].headers


@pytest.mark.parametrize("traceparent", INVALID.values(), ids=INVALID.keys())
def test_a_trace_that_is_not_valid_is_ignored(
    desk: Desk, simulator: QuimbiSimulator, traceparent: str
) -> None:
    ask(desk, traceparent=traceparent, tracestate=TRACESTATE)

    assert sent(simulator)[-1][1].lower() != TRACE_ID
    assert "tracestate" not in simulator.requests()[-1].headers


def test_a_later_version_is_read_as_far_as_it_is_known(desk: Desk, simulator: QuimbiSimulator) -> None:
    ask(desk, traceparent=f"01-{TRACE_ID}-{SPAN_ID}-ff-more")
    version, trace_id, _, flags = sent(simulator)[-1]
    assert (version, trace_id, flags) == ("00", TRACE_ID, "03")


@pytest.mark.parametrize("tracestate", ["no pair", "a=1,b", ",".join(f"k{n}=1" for n in range(33))])
def test_an_unsound_state_is_dropped_and_the_trace_goes_on(
    desk: Desk, simulator: QuimbiSimulator, tracestate: str
) -> None:
    ask(desk, traceparent=TRACEPARENT, tracestate=tracestate)
    assert sent(simulator)[-1][1] == TRACE_ID
    assert "tracestate" not in simulator.requests()[-1].headers


def test_an_answer_carries_no_trace_but_its_request_id(desk: Desk) -> None:
    answer = desk.get("/livez", headers={"traceparent": TRACEPARENT})
    assert answer.headers["X-Request-ID"]
    assert not {"traceparent", "tracestate", "traceresponse"} & {name.lower() for name in answer.headers}

"""The fault bench is to be believed: what it counts as invented, as missed, and as late."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest

from benchmarks.faults.figures import Figure, unanswered
from benchmarks.faults.generator import offer
from benchmarks.faults.plans import Kind, Plan
from benchmarks.faults.samples import NO_ANSWER, Sample, Samples
from benchmarks.faults.truth import invented, tells_facts
from providers.testing.quimbi_simulator import QuimbiSimulator
from tests.wire.cases import FACTS, new_case
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at

ANSWER_TAKES_S = 0.02


def sample(
    customer_id: str = "cust_1", *, took_s: float = 0.0, status: int = 200, told: object = None
) -> Sample:
    return Sample("known", customer_id, 0.0, took_s, status, msgspec.json.encode(told) if told else b"")


def test_what_quimbi_holds_true_is_not_invented_and_anything_else_is(start_desk: StartDesk) -> None:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as quimbi:
        case = new_case(start_desk(**pointing_at(quimbi)))
        answers = {question: case.answer(question) for question in FACTS}
    for question, answer in answers.items():
        assert invented(sample(case.customer_id, told=answer)) == [], question
    assert tells_facts(sample(case.customer_id, told=answers["intelligence"]))
    of_another = sample("cust_999", told=answers["intelligence"])
    assert "lifetime_value" in dict(invented(of_another))
    assert not tells_facts(of_another)


def test_an_answer_without_numbers_invents_nothing_and_tells_nothing() -> None:
    nulls = {"behavioral_metrics": {"lifetime_value": None}, "predictions": {"churn_risk": None}}
    assert invented(sample(told=nulls)) == []
    assert not tells_facts(sample(told=nulls))


@pytest.mark.parametrize(
    ("measured", "least", "kept"),
    [(1.0, False, True), (1.1, False, False), (1.0, True, True), (0.9, True, False)],
)
def test_a_figure_keeps_its_bound_or_misses_it(measured: float, *, least: bool, kept: bool) -> None:
    assert Figure(what="x", measured=measured, bound=1.0, least=least).kept is kept


@pytest.mark.parametrize("least", [False, True])
def test_what_was_not_measured_is_missed(*, least: bool) -> None:
    assert Samples([]).p99_ms != Samples([]).p99_ms
    assert not Figure(what="p99", measured=Samples([]).p99_ms, bound=1.0, least=least).kept


def test_a_p99_of_few_samples_says_so() -> None:
    assert "few samples" in Figure(what="p99", measured=1.0, bound=2.0, samples=999).line("here")
    assert "few samples" not in Figure(what="p99", measured=1.0, bound=2.0, samples=1_000).line("here")


def test_no_answer_counts_like_a_5xx() -> None:
    samples = Samples([sample(status=status) for status in (200, 404, 500, 503, 503, NO_ANSWER)])
    figure = unanswered("killed: ", samples)
    assert (figure.measured, figure.kept) == (4, False)
    assert figure.what == "killed: 5xx or no answer (500: 1, 503: 2, none: 1)"


def test_a_load_has_its_rate_and_its_shares() -> None:
    mix = [Kind("a", 3, "/a/{customer}", customers=["x", "y"]), Kind("b", 1, "/b")]
    plan = Plan(port=1, api_key="", mix=mix, begin_at_s=0.0, seconds=100, rate=50)
    due = list(plan.due())
    assert 4_700 <= len(due) <= 5_300
    assert due == sorted(due)
    requests = [next_one for next_one, _ in zip(plan.requests(), due, strict=False)]
    paths = [path for kind, _, path in requests if kind.name == "a"]
    assert 0.72 <= len(paths) / len(due) <= 0.78
    assert paths[:3] == ["/a/x", "/a/y", "/a/x"]


class OneAtATime(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        time.sleep(ANSWER_TAKES_S)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


class SlowServer(HTTPServer):
    request_queue_size = 32


@pytest.fixture
def slow_port() -> Iterator[int]:
    with SlowServer(("127.0.0.1", 0), OneAtATime) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_who_waited_in_a_queue_waited_since_the_request_was_due(slow_port: int) -> None:
    plan = Plan(
        port=slow_port,
        api_key="",
        mix=[Kind("a", 1, "/", keeps=True)],
        begin_at_s=time.monotonic(),
        burst=8,
        patience_s=5,
    )
    samples = Samples(asyncio.run(offer(plan)))
    assert {each.status for each in samples.samples} == {200}
    assert {each.body for each in samples.samples} == {b"{}"}
    assert samples.slowest_ms >= 1000 * 8 * ANSWER_TAKES_S


def test_who_is_refused_a_connection_or_answered_too_late_is_a_sample_without_an_answer(
    slow_port: int,
) -> None:
    plan = Plan(
        port=slow_port,
        api_key="",
        mix=[Kind("a", 1, "/")],
        begin_at_s=time.monotonic(),
        burst=3,
        patience_s=ANSWER_TAKES_S / 4,
    )
    assert {each.status for each in asyncio.run(offer(plan))} == {NO_ANSWER}

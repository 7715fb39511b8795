"""What monitoring reads of a running desk."""

import hashlib
import re
from collections.abc import Iterator, Mapping

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import Database
from service.jobs import JobRunner
from tests.deploy.rules import read_rules
from tests.pages import DOCS
from tests.servers import Redis
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

NAME = re.compile(r"\bsupport_[a-z_]+")
DERIVED = re.compile(r"_(?:bucket|count|sum)$")
INTELLIGENCE = "/api/ai/customers/{}/intelligence"
RULE = "/api/ai/customers/<id:customer_id>/intelligence"


@pytest.fixture
def simulator() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture
def desk(start_desk: StartDesk, simulator: QuimbiSimulator) -> Desk:
    return start_desk(**pointing_at(simulator))


def known(desk: Desk, count: int) -> list[str]:
    """Ids of new customers of the desk."""
    ids = [f"cust_{9000 + nth}" for nth in range(count)]
    for customer_id in ids:
        desk.new_ticket(customer_id)
    return ids


def families(desk: Desk) -> dict[str, str]:
    """Every metric's name, as its samples bear it, and its kind."""
    parsed = text_string_to_metric_families(desk.get("/metrics").text)
    return {f"{found.name}_total" if found.type == "counter" else found.name: found.type for found in parsed}


def figures(desk: Desk, name: str) -> dict[tuple[str, ...], float]:
    """By the values of the labels, in the order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(desk.get("/metrics").text)
        for sample in family.samples
        if sample.name == name
    }


def of(desk: Desk, name: str, **labels: str) -> float:
    """The sum of the samples that have these labels, and maybe others."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(desk.get("/metrics").text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


# ---------------------------------------------------------------- requests


def test_a_request_is_counted_by_its_rule_and_never_by_its_path(desk: Desk) -> None:
    customer_id, other = known(desk, 2)
    for asked in (customer_id, other, "nobody"):
        desk.get(INTELLIGENCE.format(asked))

    assert of(desk, "support_http_requests_total", rule=RULE, method="GET", status="200") == 2
    assert of(desk, "support_http_requests_total", rule=RULE, method="GET", status="404") == 1
    assert of(desk, "support_http_request_duration_seconds_count", rule=RULE) == 3
    told = desk.get("/metrics").text
    assert not any(private in told for private in (customer_id, other, "nobody"))


def test_what_callers_make_up_becomes_one_label(desk: Desk) -> None:
    for method, path in (("GET", "/made-up"), ("BREW", "/api/tickets"), ("GET", "/also-made-up")):
        desk.call(method, path)

    assert of(desk, "support_http_requests_total", rule="unmatched", method="GET", status="404") == 2
    assert of(desk, "support_http_requests_total", rule="unmatched", method="other") == 1


# ---------------------------------------------------------------- providers


def test_calls_to_a_provider_are_counted_by_how_they_went(desk: Desk, simulator: QuimbiSimulator) -> None:
    first, second = known(desk, 2)
    desk.get(INTELLIGENCE.format(first))
    simulator.inject(Fault.SERVER_ERROR, times=1)
    desk.get(INTELLIGENCE.format(second))

    calls = figures(desk, "support_provider_calls_total")
    assert calls == {
        ("analyze", "answered", "fallback", "none"): 1,
        ("analyze", "answered", "quimbi", "none"): 1,
        ("analyze", "failed", "quimbi", "provider_error"): 1,
    }
    assert of(desk, "support_provider_call_duration_seconds_count", provider="quimbi") == 2


def test_answers_are_counted_once_each_by_where_they_came_from(
    desk: Desk, simulator: QuimbiSimulator
) -> None:
    first, second = known(desk, 2)
    for _ in range(2):
        desk.get(INTELLIGENCE.format(first))
    simulator.inject(Fault.SERVER_ERROR)
    desk.get(INTELLIGENCE.format(second))

    answers = figures(desk, "support_answers_total")  # capability, degraded, provider, reason, source
    assert answers == {
        ("analyze", "false", "quimbi", "none", "fresh"): 1,
        ("analyze", "false", "quimbi", "none", "cache"): 1,
        ("analyze", "true", "fallback", "provider_error", "fallback"): 1,
    }


def test_an_open_circuit_and_what_it_refuses_are_told(desk: Desk, simulator: QuimbiSimulator) -> None:
    simulator.inject(Fault.SERVER_ERROR)
    for customer_id in known(desk, 6):
        desk.get(INTELLIGENCE.format(customer_id))

    assert of(desk, "support_circuit_state", provider="quimbi", capability="analyze") == 2
    assert of(desk, "support_circuit_state", provider="quimbi", capability="churn") == 0
    assert of(desk, "support_provider_refusals_total", reason="circuit_open") == 1


def test_a_pause_and_the_limit_of_calls_are_told(desk: Desk, simulator: QuimbiSimulator) -> None:
    simulator.inject(Fault.RATE_LIMITED, times=1, retry_after_s=60)
    (customer_id,) = known(desk, 1)
    desk.get(INTELLIGENCE.format(customer_id))

    assert 50 < of(desk, "support_provider_pause_seconds", provider="quimbi") <= 60
    assert of(desk, "support_provider_calls_limit", provider="quimbi") == 8
    assert of(desk, "support_provider_calls_in_flight", provider="quimbi") == 0


# ---------------------------------------------------------------- dependencies


def test_looks_into_the_cache_are_told_once_each(desk: Desk) -> None:
    (customer_id,) = known(desk, 1)
    desk.get(INTELLIGENCE.format(customer_id))
    before = figures(desk, "support_cache_lookups_total")
    desk.get(INTELLIGENCE.format(customer_id))

    after = figures(desk, "support_cache_lookups_total")
    assert after["hit",] == before["hit",] + 1
    assert after == figures(desk, "support_cache_lookups_total")


def test_a_redis_that_dies_is_away_and_where_none_is_configured_none_is_told(
    start_desk: StartDesk, own_redis: Redis, desk: Desk
) -> None:
    with_redis = start_desk(REDIS_URL=own_redis.url, INTELLIGENCE_PROVIDERS="stub,fallback")
    assert figures(with_redis, "support_dependency_connected")["redis",] == 1

    own_redis.kill()
    with_redis.get(INTELLIGENCE.format(known(with_redis, 1)[0]))

    assert figures(with_redis, "support_dependency_connected")["redis",] == 0
    assert ("redis",) not in figures(desk, "support_dependency_connected")


def test_whether_the_database_is_there_is_told_by_timed_work(desk: Desk) -> None:
    assert ("database",) not in figures(desk, "support_dependency_connected")
    desk.component(JobRunner).run_now("sample-metrics")
    assert figures(desk, "support_dependency_connected")["database",] == 1


def test_lanes_and_timed_work_are_told_before_anything_happens(desk: Desk) -> None:
    assert figures(desk, "support_lane_threads") == {
        ("life",): 1,
        ("providers",): 16,
        ("streams",): 2,
        ("desk",): 8,
    }
    assert figures(desk, "support_lane_threads_busy")["desk",] == 1  # the one that answers this
    assert figures(desk, "support_requests_shed_total") == {
        ("life",): 0,
        ("providers",): 0,
        ("streams",): 0,
        ("desk",): 0,
    }
    assert ("prune", "failed") in figures(desk, "support_job_runs_total")


# ---------------------------------------------------------------- the scrape itself


def test_a_scrape_asks_no_database_and_no_provider(desk: Desk, simulator: QuimbiSimulator) -> None:
    statements: list[str] = []
    engine = desk.component(Database).engine

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    for _ in range(3):
        assert desk.get("/metrics").status_code == 200
    event.remove(engine, "before_cursor_execute", note)

    assert statements == []
    assert simulator.calls() == 0


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("desk-key", 403), ("metrics-key", 200)])
def test_outside_development_it_takes_a_key_of_the_scope(
    start_desk: StartDesk, key: str | None, status: int
) -> None:
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("desk-key", "metrics-key")}
    production = start_desk(
        ENVIRONMENT="production",
        BOOTSTRAP_API_KEYS=f"web:desk:{digests['desk-key']},scraper:metrics:{digests['metrics-key']}",
    )
    headers: Mapping[str, str] = {"X-API-Key": key} if key else {}
    assert production.get("/metrics", headers=headers).status_code == status


def test_it_speaks_openmetrics_to_those_who_ask_for_it(desk: Desk) -> None:
    wanted = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = requests.get(f"{desk.url}/metrics", headers=wanted, timeout=5)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


# ---------------------------------------------------------------- what is told of it


def documented() -> set[str]:
    return set(re.findall(r"^\| `(support_[a-z_]+)` \|", (DOCS / "metrics.md").read_text(), re.MULTILINE))


def test_the_page_lists_the_metrics_that_there_are(desk: Desk) -> None:
    assert documented() == set(families(desk))


def test_names_end_in_their_unit(desk: Desk) -> None:
    for name, kind in families(desk).items():
        assert name.endswith("_total") is (kind == "counter"), name
        if kind == "histogram":
            assert name.endswith("_seconds"), name


@pytest.mark.parametrize("source", ["alerts", "runbook"])
def test_every_metric_that_is_named_exists(desk: Desk, source: str) -> None:
    expressions = " ".join(rule.expression for rule in read_rules().values())
    text = expressions if source == "alerts" else (DOCS / "runbook.md").read_text()
    named = {DERIVED.sub("", name) for name in NAME.findall(text)}
    assert len(named) > 5
    assert named <= set(families(desk))

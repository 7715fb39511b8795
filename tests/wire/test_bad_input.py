import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.http.components import component
from service.settings import Settings
from tests.conftest import empty_all_tables
from tests.wire.desk import Desk, running_desk
from tests.wire.malformed import JSON, Case, Endpoint, endpoints
from tests.wire.malformed_access import of_access
from tests.wire.malformed_agents import of_agents
from tests.wire.malformed_customers import of_customers
from tests.wire.malformed_events import of_events
from tests.wire.malformed_outbox import of_outbox
from tests.wire.malformed_privacy import of_privacy
from tests.wire.raw import ask, request

CUSTOMER = "cust_of_table"
LEAST_CASES = 50
LONGEST_ANSWER = 32_768
ANSWERED_WITHIN_S = 2.0
BEFORE_THE_FIELDS = {400, 404, 405, 413, 415, 431}
BAIT = (
    "a" * 99_000,
    "(" * 50_000,
    "my parcel " * 9_000,
    "a\n" * 40_000 + "!",
    " " * 49_000 + "x",
    "wrong " * 16_000,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One for all cases: what it survives, it has to survive in any order."""
    directory = tmp_path_factory.mktemp("bad-input")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with running_desk({"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


@pytest.fixture
def ticket(desk: Desk) -> str:
    return desk.new_ticket(CUSTOMER)


def every_endpoint(ticket: str, customer: str) -> list[Endpoint]:
    of_people = (*of_customers(customer), *of_privacy(customer), *of_agents())
    return [*endpoints(ticket, customer), *of_people, *of_access(), *of_outbox(), *of_events()]


def endpoint_named(name: str, ticket: str) -> Endpoint:
    return next(endpoint for endpoint in every_endpoint(ticket, CUSTOMER) if endpoint.name == name)


def faults_of(desk: Desk, case: Case) -> list[str]:
    began = time.monotonic()
    reply = ask(desk, case.sent)
    took_s = time.monotonic() - began
    faults = []
    if not 400 <= reply.status < 500:
        faults.append(f"answered {reply.status}: {reply.body[:200]!r}")
    elif case.sent.startswith(b"HEAD"):
        return faults
    else:
        problem = reply.problem
        named = [name.partition(".")[0] for name in problem.get("errors", {})]
        if case.field and reply.status not in BEFORE_THE_FIELDS and not _names(problem, case.field):
            faults.append(f"names {named}, not {case.field:.40}: {problem['detail']:.100}")
        if case.field and reply.status != 422:
            faults.append(f"a wrong field is a {reply.status}: {problem['detail']:.100}")
    if len(reply.body) > LONGEST_ANSWER:
        faults.append(f"answers {len(reply.body)} bytes")
    if took_s > ANSWERED_WITHIN_S:
        faults.append(f"took {took_s:.1f} s")
    return [f"{case.about}: {fault}" for fault in faults]


def _names(problem: dict[str, object], field: str) -> bool:
    """An entry of a list is named like `tags.0`, and no name is longer than 100 characters."""
    errors = problem.get("errors")
    return isinstance(errors, dict) and any(
        name in {field[:100], field or "body"} or name.startswith(f"{field}.") for name in errors
    )


def events_in_log(desk: Desk) -> list[dict[str, object]]:
    with desk.app.app_context():
        path = component(Settings).log_file
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("name", [endpoint.name for endpoint in every_endpoint("t", "c")])
def test_malformed_requests_are_problems_that_name_the_field(desk: Desk, ticket: str, name: str) -> None:
    cases = list(endpoint_named(name, ticket).cases())
    assert len(cases) >= LEAST_CASES
    faults = [fault for case in cases for fault in faults_of(desk, case)]
    assert not faults, "\n".join([f"{len(faults)} faults", *faults[:30]])
    assert desk.get("/livez").status_code == 200
    assert desk.get(f"/api/tickets/{ticket}").json()["message_count"] == 1
    assert [event for event in events_in_log(desk) if event["level"] == "ERROR"] == []


def test_the_table_covers_every_address_that_takes_a_body_or_an_id(desk: Desk) -> None:
    public_or_fixed = {
        "issue_stream_ticket",
        "list_providers",
        "read_caller",
        "read_own_agent",
        "read_any_profile",
        "read_configuration",
        "list_ticket_fields",
        "read_health",
        "read_liveness",
        "read_metrics",
        "read_readiness",
    }
    documented = {
        operation["operationId"]
        for path in desk.get("/openapi.json").json()["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    }
    assert documented - public_or_fixed == {endpoint.name for endpoint in every_endpoint("t", "c")}


def test_of_a_repeated_field_the_last_value_counts(desk: Desk) -> None:
    body = b'{"customer_id":"a","subject":"first","subject":"second"}'
    reply = ask(desk, request("POST", "/api/tickets", body, headers=JSON))
    assert reply.status == 201
    assert json.loads(reply.body)["ticket"]["subject"] == "second"


def test_a_deep_query_is_ignored_like_any_unknown_parameter(desk: Desk) -> None:
    for query in (
        "a" + "[b]" * 2_000 + "=1",
        "&".join(f"x{number}=1" for number in range(900)),
        "&" * 5_000,
        "?=&=",
    ):
        assert ask(desk, request("GET", f"/api/tickets?limit=1&{query}")).status == 200


def test_a_query_longer_than_any_client_needs_is_refused(desk: Desk) -> None:
    assert ask(desk, request("GET", "/api/tickets?a=" + "x" * 300_000)).problem["status"] == 431


def test_a_body_of_exactly_one_mebibyte_is_read(desk: Desk) -> None:
    padded = b'{"customer_id":"a"' + b" " * (2**20 - 19) + b"}"
    assert ask(desk, request("POST", "/api/tickets", padded, headers=JSON)).problem["errors"] == {
        "subject": ["Missing data for required field."]
    }


def test_several_faults_are_told_at_once(desk: Desk) -> None:
    answer = desk.post("/api/tickets", {"channel": "pigeon", "tags": [1], "colour": "red"})
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"customer_id", "subject", "channel", "tags.0", "colour"}


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "", "*/*;q=0"])
def test_nobody_gets_an_html_error_whatever_they_accept(desk: Desk, accept: str) -> None:
    for path in ("/nowhere", "/api/tickets/none", "/api/tickets?limit=x"):
        assert desk.get(path, headers={"Accept": accept}).status_code in {404, 422}


@pytest.mark.parametrize("bait", BAIT, ids=lambda bait: f"{bait[:8]!r}")
def test_a_message_made_to_choke_expressions_chokes_nothing(desk: Desk, bait: str) -> None:
    ticket_id = desk.new_ticket(CUSTOMER, subject=bait.strip()[:500], initial_message=bait)
    began = time.monotonic()
    for question in ("draft-response", "recommendation"):
        assert desk.get(f"/api/ai/tickets/{ticket_id}/{question}").status_code == 200
    assert time.monotonic() - began < ANSWERED_WITHIN_S

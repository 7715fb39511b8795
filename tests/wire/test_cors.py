import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.desk import Desk, running_desk
from tests.wire.raw import ask, request

LISTED, ALSO_LISTED, UNLISTED = "https://desk.example", "http://localhost:3000", "https://evil.example"
SHOWN = {
    *("ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy"),
    *("Retry-After", "X-Request-ID"),
}
WANTED = {
    "Content-Type",
    "X-API-Key",
    "Authorization",
    "Idempotency-Key",
    "If-Match",
    "traceparent",
    "tracestate",
}


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Production: without a key everything but the public addresses is refused."""
    directory = tmp_path_factory.mktemp("cors")
    environment = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}",
        "CORS_ORIGINS": f"{LISTED},{ALSO_LISTED}",
        "LOG_FILE": str(directory / "app.log"),
    }
    with running_desk(environment) as desk:
        yield desk


def preflight(
    desk: Desk, origin: str, method: str, *headers: str, path: str = "/api/tickets"
) -> dict[str, str]:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ", ".join(headers),
    }
    answer = desk.call("OPTIONS", path, headers=asked)
    assert answer.status_code == 200
    return dict(answer.headers)


def listed(header: str) -> set[str]:
    return {name.strip() for name in header.split(",")}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("origin", [LISTED, ALSO_LISTED])
def test_a_listed_origin_may_send_what_clients_send(desk: Desk, origin: str, method: str) -> None:
    allowed = preflight(desk, origin, method, *WANTED)
    assert allowed["Access-Control-Allow-Origin"] == origin
    assert method in listed(allowed["Access-Control-Allow-Methods"])
    assert listed(allowed["Access-Control-Allow-Headers"]) == WANTED


def test_a_preflight_needs_no_key_since_browsers_send_none(desk: Desk) -> None:
    path = "/api/ai/tickets/ticket_123/regenerate-draft"
    assert preflight(desk, LISTED, "POST", "X-API-Key", path=path)["Access-Control-Allow-Origin"] == LISTED


@pytest.mark.parametrize(
    "origin", [UNLISTED, "null", LISTED + ".evil.example", LISTED + ":8443", "http://desk.example", "*"]
)
def test_an_unlisted_origin_is_told_nothing(desk: Desk, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(desk, origin, "GET")
    assert "Access-Control-Allow-Origin" not in desk.get("/livez", headers={"Origin": origin}).headers


def test_credentials_are_never_allowed_and_no_star_is_sent(desk: Desk) -> None:
    headers = desk.get("/livez", headers={"Origin": LISTED}).headers
    assert "Access-Control-Allow-Credentials" not in headers
    assert headers["Access-Control-Allow-Origin"] == LISTED


def test_caches_learn_that_the_answer_depends_on_the_origin(desk: Desk) -> None:
    assert "Origin" in listed(desk.get("/livez", headers={"Origin": LISTED}).headers["Vary"])
    assert "Origin" in listed(desk.get("/livez", headers={"Origin": UNLISTED}).headers.get("Vary", "Origin"))


ERRORS = {
    401: request("GET", "/api/tickets", headers=(f"Origin: {LISTED}",)),
    404: request("GET", "/nowhere", headers=(f"Origin: {LISTED}",)),
    405: request("DELETE", "/livez", headers=(f"Origin: {LISTED}",)),
    413: request("POST", "/api/tickets", b"x" * 2_000_000, headers=(f"Origin: {LISTED}",)),
}


@pytest.mark.parametrize("status", ERRORS)
def test_errors_can_be_read_by_a_listed_origin(desk: Desk, status: int) -> None:
    """413 is the server's own, before the application."""
    reply = ask(desk, ERRORS[status])
    assert reply.problem["status"] == status
    assert reply.headers["access-control-allow-origin"] == LISTED
    assert "X-Request-ID" in listed(reply.headers["access-control-expose-headers"])
    assert "Retry-After" in listed(reply.headers["access-control-expose-headers"])


@pytest.mark.parametrize("status", ERRORS)
def test_errors_cannot_be_read_by_others(desk: Desk, status: int) -> None:
    reply = ask(desk, ERRORS[status].replace(LISTED.encode(), UNLISTED.encode()))
    assert reply.status == status
    assert "access-control-allow-origin" not in reply.headers


def test_the_headers_that_clients_read_are_shown_to_them(desk: Desk) -> None:
    headers = desk.get("/livez", headers={"Origin": LISTED}).headers
    assert listed(headers["Access-Control-Expose-Headers"]) == SHOWN


def test_an_origin_of_brackets_is_itself_and_no_pattern(migrated_sqlite: Path, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}",
        "CORS_ORIGINS": "http://[::1]:3000",
        "LOG_FILE": str(tmp_path / "app.log"),
    }
    with running_desk(environment) as desk:
        allowed = [
            desk.get("/livez", headers={"Origin": origin}).headers.get("Access-Control-Allow-Origin")
            for origin in ("http://[::1]:3000", "http://1:3000", "http://1:3000.evil.example")
        ]
    assert allowed == ["http://[::1]:3000", None, None]

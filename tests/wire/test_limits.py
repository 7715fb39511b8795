"""How often a caller may come, what every answer says of it, and whom a proxy is believed to speak for."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.desk import Desk, running_desk

KEY, OTHER = "a key of the web", "a key of another"
LIMIT = 8
LISTED = "https://desk.example"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "CORS_ORIGINS": LISTED,
    "RATE_LIMIT_PER_MINUTE": str(LIMIT),
    "HSTS_MAX_AGE": "31536000",
    "TRUSTED_PROXIES": "1",
    "BOOTSTRAP_API_KEYS": ",".join(
        f"{name}:desk:{hashlib.sha256(key.encode()).hexdigest()}"
        for name, key in (("web", KEY), ("b", OTHER))
    ),
}


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Tests come from an address or with a key of their own, so that they do not count for each other."""
    directory = tmp_path_factory.mktemp("limits")
    here = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}",
        "LOG_FILE": str(directory / "app.log"),
    }
    with running_desk(PRODUCTION | here) as desk:
        yield desk


def from_address(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def test_a_caller_who_comes_too_often_is_told_when_to_come_again(desk: Desk) -> None:
    answers = [desk.get("/api/tickets", headers={"X-API-Key": KEY}) for _ in range(LIMIT + 1)]
    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429]
    assert [answer.headers["RateLimit"].partition(";t=")[0] for answer in answers[:2]] == [
        f'"caller";r={LIMIT - 1}',
        f'"caller";r={LIMIT - 2}',
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {f'"caller";q={LIMIT};w=60'}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    other = desk.get("/api/tickets", headers={"X-API-Key": OTHER})
    assert other.status_code == 200, "one caller does not count for another"


def test_who_guesses_keys_is_counted_by_address(desk: Desk) -> None:
    def guess(address: str) -> int:
        return desk.get("/api/tickets", headers={"X-API-Key": "guess", **from_address(address)}).status_code

    assert [guess("198.51.100.1") for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
    assert guess("198.51.100.2") == 401


def test_an_address_of_its_own_making_helps_nobody(desk: Desk) -> None:
    """A proxy adds the address that it saw at the end; what a client wrote before it is not believed."""
    statuses = [
        desk.get("/openapi.json", headers=from_address(f"203.0.113.{number}, 198.51.100.3")).status_code
        for number in range(LIMIT + 1)
    ]
    assert statuses == [200] * LIMIT + [429]


def test_what_watches_over_the_service_is_not_counted(desk: Desk) -> None:
    for path in ("/livez", "/readyz", "/health"):
        answers = [desk.get(path, headers=from_address("198.51.100.4")) for _ in range(LIMIT + 1)]
        assert {answer.status_code for answer in answers} == {200}
        assert "RateLimit" not in answers[0].headers


def test_a_browser_may_read_what_is_left_also_where_it_is_refused(desk: Desk) -> None:
    headers = {"Origin": LISTED, "X-API-Key": "guess", **from_address("198.51.100.5")}
    answer = desk.get("/api/tickets", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED
    shown = {name.strip() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert shown >= {"RateLimit", "RateLimit-Policy", "Retry-After"}


def test_every_answer_is_hardened(desk: Desk) -> None:
    for path, status in (("/health", 200), ("/api/tickets", 401), ("/nowhere", 404)):
        answer = desk.get(path, headers=from_address("198.51.100.6"))
        assert answer.status_code == status
        told = answer.headers
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Referrer-Policy"] == "no-referrer"
        assert told["Cache-Control"] == "no-store"
        assert told["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert told["Strict-Transport-Security"] == "max-age=31536000"
        assert "Server" not in told
    page = desk.get("/docs/", headers=from_address("198.51.100.6"))
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_without_a_trusted_proxy_forwarded_addresses_are_not_believed(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    here = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}",
        "LOG_FILE": str(tmp_path / "app.log"),
        "TRUSTED_PROXIES": "0",
        "HSTS_MAX_AGE": "0",
    }
    with running_desk(PRODUCTION | here) as desk:
        answers = [
            desk.get("/openapi.json", headers=from_address(f"203.0.113.{number}"))
            for number in range(LIMIT + 1)
        ]
    assert [answer.status_code for answer in answers] == [200] * LIMIT + [429]
    assert "Strict-Transport-Security" not in answers[0].headers

"""Keys, tokens, passwords and what people write: in no log, no figure and no refusal, wherever they stand."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.errors import AccessRefused, InvalidAnswer
from providers.models import Capability
from providers.testing.fakes import ScriptedProvider
from service.wiring import Substitutes
from tests.wire.desk import Desk, running_desk
from tests.wire.raw import ask, request

CANARY = "qxsecret"
WORDS = "qxwords"
"""What people write, which answers may tell to who may read it."""

KEY = f"{CANARY}-key-of-the-desk"
SHOWN = {"X-API-Key": KEY}
HEADERS = {
    "X-API-Key": f"{CANARY}-unknown",
    "Authorization": f"Bearer {CANARY}.token.of-nobody",
    "Cookie": f"session={CANARY}",
    "Idempotency-Key": f"{CANARY}-once",
    "If-Match": f'"{CANARY}"',
    "traceparent": f"00-{CANARY}",
    "tracestate": f"vendor={CANARY}",
    "X-Request-ID": f"{CANARY} with a blank",
    "X-Forwarded-For": CANARY,
    "Referer": f"https://example.com/{CANARY}",
    "User-Agent": CANARY,
}
SIGN_INS = {
    "/api/auth/login": {"email": f"{CANARY}@example.com", "password": f"{CANARY} of a person"},
    "/api/auth/refresh": {"refresh_token": f"{CANARY}-refresh"},
    "/api/auth/logout": {"refresh_token": f"{CANARY}-refresh"},
    "/api/auth/accept-invitation": {"token": f"{CANARY}-token", "password": f"{CANARY} of a person"},
}
BROKEN = (f'{{"subject": "{CANARY}', f'{{"subject": {CANARY}}}', f'"{CANARY}"', f"[{CANARY!r}]")


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets") / "app.log"


@pytest.fixture(scope="module")
def provider() -> ScriptedProvider:
    return ScriptedProvider("leaky")


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, log_file: Path, provider: ScriptedProvider) -> Iterator[Desk]:
    """At its most talkative."""
    environment = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, log_file.parent / 'desk.db')}",
        "LOG_FILE": str(log_file),
        "LOG_LEVEL": "DEBUG",
        "BOOTSTRAP_API_KEYS": f"web:desk+metrics+admin:{hashlib.sha256(KEY.encode()).hexdigest()}",
    }
    with running_desk(environment, Substitutes(providers=[provider])) as desk:
        yield desk


@pytest.fixture(autouse=True)
def _nothing_leaks(desk: Desk, log_file: Path) -> Iterator[None]:
    """After each test: what it sent stands nowhere."""
    yield
    figures = desk.get("/metrics", headers=SHOWN)
    assert figures.status_code == 200
    assert CANARY not in figures.text
    assert WORDS not in figures.text
    logged = log_file.read_text()
    assert '"event":"request"' in logged
    assert CANARY not in logged
    assert WORDS not in logged


@pytest.mark.parametrize("name", HEADERS)
def test_what_stands_in_a_header_stays_there(desk: Desk, name: str) -> None:
    for path in ("/api/tickets", "/nowhere", "/health", "/api/admin/providers"):
        answer = desk.get(path, headers=SHOWN | {name: HEADERS[name]})
        assert CANARY not in answer.text
        assert CANARY not in str(answer.headers)


def test_what_stands_in_a_url_is_neither_logged_nor_sent_back(desk: Desk) -> None:
    for query in (
        f"api_key={CANARY}",
        f"token={CANARY}",
        f"access_token={CANARY}&page=x",
        f"cursor={CANARY}",
    ):
        answer = desk.get(f"/api/tickets?{query}", headers=SHOWN)
        assert CANARY not in answer.text


@pytest.mark.parametrize("path", SIGN_INS)
def test_what_somebody_signs_in_with_is_not_sent_back(desk: Desk, path: str) -> None:
    for body in (SIGN_INS[path], SIGN_INS[path] | {"more": CANARY}, {f"{CANARY}": CANARY}):
        answer = desk.post(path, body)
        assert answer.status_code in {204, 401, 422, 429}
        if CANARY not in body:
            assert CANARY not in answer.text


def test_text_that_is_no_json_is_neither_logged_nor_sent_back(desk: Desk) -> None:
    for body in BROKEN:
        answer = ask(
            desk,
            request(
                "POST",
                "/api/tickets",
                body.encode(),
                headers=("Content-Type: application/json", f"X-API-Key: {KEY}"),
            ),
        )
        assert answer.status in {400, 422}
        assert CANARY.encode() not in answer.body


def test_what_people_write_is_not_logged_whatever_becomes_of_it(
    desk: Desk, provider: ScriptedProvider
) -> None:
    """Nor what a plug-in, or its upstream, puts into an error about it."""
    words = {"customer_id": "cust_1", "subject": WORDS, "initial_message": WORDS}
    ticket_id = desk.post("/api/tickets", words, headers=SHOWN).json()["id"]
    for failure in (
        RuntimeError(f"plug-in: {WORDS}"),
        ValueError(WORDS, {"conversation": [WORDS]}),
        InvalidAnswer(f"upstream said: {WORDS}"),
        AccessRefused(f"key {WORDS} refused"),
    ):
        for capability in Capability:
            provider.script(capability, failure)
        for path in (
            "/api/ai/customers/cust_1/intelligence",
            "/api/ai/customers/cust_1/churn",
            f"/api/ai/tickets/{ticket_id}/draft-response",
            f"/api/ai/tickets/{ticket_id}/recommendation",
        ):
            answer = desk.get(path, headers=SHOWN)
            assert answer.status_code == 503
            assert WORDS not in answer.text
    assert desk.post("/api/tickets", words | {"priority": WORDS}, headers=SHOWN).status_code == 422


def test_the_key_of_a_caller_is_in_no_answer(desk: Desk) -> None:
    for path in ("/api/tickets", "/api/configuration", "/api/admin/providers", "/api/auth/me", "/health"):
        assert CANARY not in desk.get(path, headers=SHOWN).text

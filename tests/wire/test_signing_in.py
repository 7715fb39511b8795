"""Signing in, going on, and out again, on a running desk."""

import base64
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from service.telemetry.logging import configure
from service.testing.desk import SupportDesk, desk_with_stub
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk
from tests.wire.staff import (
    PASSWORD,
    Colleague,
    accept,
    bearer,
    hire,
    invitation,
    refresh,
    sign_in,
    status_of,
)

ANOTHER_PASSWORD = "seven herons near the old mill"
SIGN_INS = 8
"""Of an account; two more and it is throttled."""


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("signing-in")
    copy = shutil.copy(migrated_sqlite, directory / "desk.db")
    environment = {"DATABASE_URL": f"sqlite:///{copy}", "LOG_FILE": str(directory / "app.log")}
    with desk_with_stub(environment | {"LOG_LEVEL": "DEBUG"}) as desk:
        yield desk


@pytest.fixture
def kim(desk: SupportDesk) -> Colleague:
    return hire(desk)


# ---------------------------------------------------------------- in


def test_whoever_signs_in_is_known_by_the_token(desk: SupportDesk, kim: Colleague) -> None:
    answer = sign_in(desk, kim.email.upper())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 900)
    assert told["agent"] == {"id": kim.id, "name": "Kim Lee", "email": kim.email, "role": "agent"}
    me = desk.get("/api/auth/me", headers=bearer(told["access_token"])).json()
    assert (me["id"], me["kind"], me["agent_id"], me["role"]) == (f"agent:{kim.id}", "agent", kim.id, "agent")
    assert me["permissions"]["tickets.read"] == "team"
    assert "keys.manage" not in me["permissions"]


def test_a_token_says_who_and_how_long_and_no_more(desk: SupportDesk, kim: Colleague) -> None:
    payload = kim.tokens["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert set(claims) == {"iss", "aud", "sub", "sid", "iat", "exp"}
    assert claims["sub"] == kim.id
    assert claims["exp"] - claims["iat"] == 900


def test_what_is_wrong_is_never_told(desk: SupportDesk) -> None:
    kim, gone = hire(desk), hire(desk)
    desk.call("DELETE", f"/api/agents/{gone.id}")
    new = desk.post("/api/agents", {"email": "new@desk.example", "name": "New"}).json()["agent"]
    answers = [
        sign_in(desk, kim.email, ANOTHER_PASSWORD),
        sign_in(desk, "nobody@desk.example"),
        sign_in(desk, gone.email),
        sign_in(desk, new["email"]),
    ]
    told = [answer.json() | {"request_id": None} for answer in answers]
    assert told == [told[0]] * len(told)
    assert told[0]["status"] == 401
    assert "Bearer" in answers[0].headers["WWW-Authenticate"]


def test_unknown_accounts_and_wrong_passwords_take_the_same_time(start_desk: StartDesk) -> None:
    desk = start_desk()
    known = hire(desk).email
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    sign_in(desk, "warm@desk.example")
    for number in range(SIGN_INS):
        for about, email in (("known", known), ("unknown", f"nobody-{number}@desk.example")):
            began = perf_counter()
            assert sign_in(desk, email, ANOTHER_PASSWORD).status_code == 401
            took[about].append(perf_counter() - began)
    assert 0.6 < median(took["known"]) / median(took["unknown"]) < 1.6, took


def test_an_account_that_failed_too_often_rests_and_no_other_does(desk: SupportDesk) -> None:
    kim, lee = hire(desk), hire(desk)
    for _ in range(10):
        assert sign_in(desk, kim.email, ANOTHER_PASSWORD).status_code == 401
    refused = sign_in(desk, kim.email.upper())
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 300
    assert sign_in(desk, lee.email).status_code == 200
    assert status_of(desk, kim.headers) == 200


def test_sign_ins_never_take_all_threads(start_desk: StartDesk) -> None:
    desk = start_desk(THREADS="8")

    def attempt(number: int) -> tuple[int, str | None]:
        answer = sign_in(desk, f"nobody-{number}@desk.example")
        return answer.status_code, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(32)))
    assert {status for status, _ in answers} == {401, 503}
    assert all(wait == "1" for status, wait in answers if status == 503)


# ---------------------------------------------------------------- on


def test_a_session_goes_on_by_refresh_tokens_that_are_good_once(desk: SupportDesk, kim: Colleague) -> None:
    second = refresh(desk, kim.tokens)
    assert second.status_code == 200
    assert second.json()["refresh_token"] != kim.tokens["refresh_token"]
    third = refresh(desk, second.json())
    assert third.status_code == 200
    assert status_of(desk, bearer(third.json()["access_token"])) == 200


def test_the_second_use_of_a_refresh_token_ends_the_whole_session(desk: SupportDesk, kim: Colleague) -> None:
    other = sign_in(desk, kim.email).json()
    newest = refresh(desk, kim.tokens).json()
    assert refresh(desk, kim.tokens).status_code == 401
    assert refresh(desk, newest).status_code == 401
    assert status_of(desk, bearer(newest["access_token"])) == 401
    assert status_of(desk, bearer(other["access_token"])) == 200


def test_of_two_who_use_a_refresh_token_at_once_one_gets_new_ones(desk: SupportDesk, kim: Colleague) -> None:
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(
            answer.status_code for answer in pool.map(lambda _: refresh(desk, kim.tokens), range(4))
        )
    assert statuses == [200, 401, 401, 401]


def test_whoever_signs_out_is_out_with_all_tokens_of_the_session(desk: SupportDesk, kim: Colleague) -> None:
    newest = refresh(desk, kim.tokens).json()
    assert status_of(desk, bearer(newest["access_token"])) == 200
    for tokens in (newest, newest, {"refresh_token": "refresh_unknown"}):
        gone = desk.post("/api/auth/logout", {"refresh_token": tokens["refresh_token"]})
        assert gone.status_code == 204
    assert status_of(desk, bearer(newest["access_token"])) == 401
    assert status_of(desk, kim.headers) == 401
    assert refresh(desk, newest).status_code == 401


def test_tokens_are_over_in_their_time(desk: SupportDesk, kim: Colleague) -> None:
    desk.clock.advance(timedelta(minutes=15, seconds=4).total_seconds())
    assert status_of(desk, kim.headers) == 200
    desk.clock.advance(2)
    assert status_of(desk, kim.headers) == 401
    idle = hire(desk)
    desk.clock.advance(timedelta(days=6).total_seconds())
    tokens = refresh(desk, idle.tokens).json()
    for _ in range(4):
        desk.clock.advance(timedelta(days=6).total_seconds())
        answer = refresh(desk, tokens)
        tokens = answer.json()
    assert answer.status_code == 401  # thirty days after the sign-in, however busy
    lazy = hire(desk)
    desk.clock.advance(timedelta(days=7, seconds=1).total_seconds())
    assert refresh(desk, lazy.tokens).status_code == 401


def test_who_is_deactivated_is_out_at_once_and_stays_out_when_they_come_back(desk: SupportDesk) -> None:
    kim = hire(desk)
    assert status_of(desk, kim.headers) == 200
    assert desk.call("DELETE", f"/api/agents/{kim.id}").status_code == 204
    assert status_of(desk, kim.headers) == 401
    assert refresh(desk, kim.tokens).status_code == 401
    assert desk.post(f"/api/agents/{kim.id}/reactivate").status_code == 200
    assert status_of(desk, kim.headers) == 401
    assert sign_in(desk, kim.email).status_code == 200


# ---------------------------------------------------------------- passwords


def test_who_changes_the_password_is_in_alone(desk: SupportDesk, kim: Colleague) -> None:
    change = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    answer = desk.post("/api/auth/password", change, headers=kim.headers)
    assert answer.status_code == 200
    assert status_of(desk, bearer(answer.json()["access_token"])) == 200
    assert status_of(desk, kim.headers) == 401
    assert refresh(desk, kim.tokens).status_code == 401
    assert sign_in(desk, kim.email).status_code == 401
    assert sign_in(desk, kim.email, ANOTHER_PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        (ANOTHER_PASSWORD, ANOTHER_PASSWORD, "current_password"),
        (PASSWORD, "too short", "new_password"),
        (PASSWORD, "password1234", "new_password"),
        (PASSWORD, "ä" * 513, "new_password"),
    ],
)
def test_a_password_that_is_wrong_or_no_good_is_named(
    desk: SupportDesk, kim: Colleague, current: str, new: str, field: str
) -> None:
    change = {"current_password": current, "new_password": new}
    refused = desk.post("/api/auth/password", change, headers=kim.headers)
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == [field]
    assert status_of(desk, kim.headers) == 200


def test_a_caller_without_a_password_has_none_to_change(desk: SupportDesk) -> None:
    change = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    assert desk.post("/api/auth/password", change).status_code == 403


def test_an_invitation_is_good_once_for_three_days_and_void_when_there_is_another(desk: SupportDesk) -> None:
    kim = hire(desk)
    void, good = invitation(desk, kim.id), invitation(desk, kim.id)
    assert accept(desk, void).status_code == 401
    assert accept(desk, good, "password1234").status_code == 422
    assert accept(desk, good, ANOTHER_PASSWORD).status_code == 200
    assert accept(desk, good, ANOTHER_PASSWORD).status_code == 401
    assert status_of(desk, kim.headers) == 401
    old = invitation(desk, kim.id)
    desk.clock.advance(timedelta(hours=72, seconds=1).total_seconds())
    assert accept(desk, old).status_code == 401


def test_nobody_takes_over_whom_they_are_not_above(desk: SupportDesk) -> None:
    manager, other, admin, agent = (hire(desk, role) for role in ("manager", "manager", "admin", "agent"))
    answers = {
        invited.id: desk.post(f"/api/agents/{invited.id}/invitation", headers=manager.headers).status_code
        for invited in (other, admin, agent)
    }
    assert answers == {other.id: 403, admin.id: 403, agent.id: 200}
    assert desk.post("/api/agents/agent_nobody/invitation", headers=manager.headers).status_code == 404
    desk.call("DELETE", f"/api/agents/{agent.id}")
    assert desk.post(f"/api/agents/{agent.id}/invitation", headers=manager.headers).status_code == 409


# ---------------------------------------------------------------- who writes


def test_who_has_signed_in_is_the_author_of_what_they_write(desk: SupportDesk, kim: Colleague) -> None:
    ticket_id = desk.new_ticket()
    forged = {"content": "Hello", "author_name": "The Boss", "author_email": "boss@desk.example"}
    message = desk.post(f"/api/tickets/{ticket_id}/messages", forged, headers=kim.headers).json()["message"]
    assert (message["author_name"], message["author_email"]) == ("Kim Lee", kim.email)
    forged = {"content": "Hello", "author_name": "The Boss", "author_id": "agent_boss"}
    note = desk.post(f"/api/tickets/{ticket_id}/notes", forged, headers=kim.headers).json()["note"]
    assert (note["author_name"], note["author_id"]) == ("Kim Lee", kim.id)


def test_words_of_a_customer_need_a_permission(desk: SupportDesk, kim: Colleague) -> None:
    ticket_id = desk.new_ticket()
    said = {"content": "I have waited for a week.", "from_agent": False, "author_name": "Ada"}
    refused = desk.post(f"/api/tickets/{ticket_id}/messages", said, headers=kim.headers)
    assert refused.status_code == 403
    assert "messages.as_customer" in refused.json()["detail"]
    lead = hire(desk, "team_lead")
    added = desk.post(f"/api/tickets/{ticket_id}/messages", said, headers=lead.headers)
    assert added.status_code == 201
    assert added.json()["message"]["author_name"] == "Ada"


# ---------------------------------------------------------------- what is said


def test_neither_passwords_nor_tokens_are_ever_logged(desk: SupportDesk, tmp_path: Path) -> None:
    log_file = tmp_path / "app.log"
    configure("DEBUG", log_file)  # which another desk of this process may have taken over
    kim = hire(desk, name="Canary Name")
    sign_in(desk, kim.email, ANOTHER_PASSWORD)
    tokens = sign_in(desk, kim.email).json()
    refresh(desk, tokens)
    token = invitation(desk, kim.id)
    logged = log_file.read_text()
    assert '"event":"sign_in_failed"' in logged
    secrets = (PASSWORD, ANOTHER_PASSWORD, token, tokens["access_token"], tokens["refresh_token"])
    for secret in (*secrets, kim.email, "Canary Name"):
        assert secret not in logged


def test_a_desk_in_development_says_so(desk: Desk, start_desk: StartDesk) -> None:
    assert desk.get("/health").json()["development_callers"] is True
    me = desk.get("/api/auth/me").json()
    assert (me["kind"], me["role"], me["agent_id"]) == ("development", "admin", None)
    assert start_desk(ENVIRONMENT="staging").get("/health").json()["development_callers"] is False

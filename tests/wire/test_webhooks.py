"""Webhooks: made by admins, and delivered to receivers that behave and that do not."""

import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from service.database import Database
from service.events import StoredEvent
from service.feed.services import Followers
from service.notifications.published import body_of
from service.settings import Settings
from tests.conftest import empty_all_tables
from tests.pages import DOCS, blocks
from tests.service.notifications.events import fed
from tests.wire.conftest import StartDesk
from tests.wire.telling import Receiver, TellingDesk, receiving, sqlite_copy, telling_desk

HOOKS = "/api/admin/webhooks"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TellingDesk]:
    """One for all: its time moves on, and each test has webhooks of its own."""
    directory = tmp_path_factory.mktemp("webhooks")
    on_postgres = request.param == "postgresql"
    url = (
        request.getfixturevalue("migrated_postgres")
        if on_postgres
        else sqlite_copy(migrated_sqlite, directory)
    )
    with telling_desk(url, directory) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


@pytest.fixture(scope="module")
def steady(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TellingDesk]:
    """Whose time is the real one, which the library of the specification asks for."""
    directory = tmp_path_factory.mktemp("steady")
    with telling_desk(sqlite_copy(migrated_sqlite, directory), directory) as desk:
        yield desk


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
    for name in ("desk", "steady"):
        if name in request.fixturenames:
            _forget_all(request.getfixturevalue(name))


def _forget_all(desk: TellingDesk) -> None:
    """The next test's receiver is another one."""
    for webhook in desk.get(HOOKS).json()["webhooks"]:
        assert desk.call("DELETE", f"{HOOKS}/{webhook['id']}").status_code == 204


def events_of(desk: TellingDesk, subject_id: str) -> list[StoredEvent]:
    with desk.component(Database).reading() as session:
        told = select(StoredEvent).where(StoredEvent.subject_id == subject_id).order_by(StoredEvent.id)
        return list(session.scalars(told))


# ---------------------------------------------------------------- what arrives


def test_a_receiver_hears_of_what_it_asked_for_and_verifies_it(
    steady: TellingDesk, receiver: Receiver
) -> None:
    made = steady.new_webhook(receiver, "ticket.created", "message.*")
    ticket_id = steady.new_ticket(subject="My secret subject", initial_message="My secret words")
    steady.patch(f"/api/tickets/{ticket_id}", {"priority": "high"})
    steady.tell()
    received = receiver.take()
    told = [one.verified(made["secret"]) for one in received]
    assert [one["type"] for one in told] == ["ticket.created", "message.added"]
    assert {one["data"]["ticket_id"] for one in told} == {ticket_id}  # type: ignore[index]
    assert len({one.id for one in received}) == 2
    assert all(one.headers["content-type"] == "application/json" for one in received)
    assert not any(b"secret" in one.body for one in received)
    with pytest.raises(WebhookVerificationError):
        received[0].verified(steady.new_webhook(receiver)["secret"])


def test_during_a_rotation_either_secret_verifies_and_then_the_new_one_alone(
    steady: TellingDesk, receiver: Receiver
) -> None:
    made = steady.new_webhook(receiver)
    address = f"{HOOKS}/{made['webhook']['id']}"
    rotated = steady.post(f"{address}/rotate-secret", {})
    assert rotated.status_code == 200
    assert rotated.json()["old_until"] is not None
    old, new = made["secret"], rotated.json()["secret"]
    steady.new_ticket()
    steady.tell()
    (first,) = receiver.take()
    assert first.verified(old) == first.verified(new)
    newest = steady.post(f"{address}/rotate-secret", {"end_old": True}).json()
    assert newest["old_until"] is None
    steady.new_ticket()
    steady.tell()
    (second,) = receiver.take()
    second.verified(newest["secret"])
    for ended in (old, new):
        with pytest.raises(WebhookVerificationError):
            second.verified(ended)


def test_an_old_secret_ends_after_a_day(desk: TellingDesk, receiver: Receiver) -> None:
    made = desk.new_webhook(receiver)
    assert desk.post(f"{HOOKS}/{made['webhook']['id']}/rotate-secret", {}).status_code == 200
    for hours, signatures in ((23, 2), (2, 1)):
        desk.clock.advance(hours * 3600)
        desk.new_ticket()
        desk.tell()
        assert len(receiver.take()[0].headers["webhook-signature"].split()) == signatures


def test_too_many_secrets_at_once_are_refused(desk: TellingDesk, receiver: Receiver) -> None:
    address = f"{HOOKS}/{desk.new_webhook(receiver)['webhook']['id']}/rotate-secret"
    assert [desk.post(address, {}).status_code for _ in range(4)] == [200, 200, 200, 409]
    assert desk.post(address, {"end_old": True}).status_code == 200


def test_a_test_goes_the_way_of_all_others(desk: TellingDesk, receiver: Receiver) -> None:
    webhook_id = desk.new_webhook(receiver)["webhook"]["id"]
    other = desk.new_webhook(receiver, "*")["webhook"]["id"]
    assert desk.post(f"{HOOKS}/{webhook_id}/test").json() == {"event_type": "webhook.test"}
    desk.tell()
    (received,) = receiver.take()
    assert json.loads(received.body)["type"] == "webhook.test"
    assert [one["event_type"] for one in desk.deliveries(webhook_id)] == ["webhook.test"]
    assert desk.deliveries(other) == []


def test_the_order_of_a_ticket_is_kept_over_failures(desk: TellingDesk, receiver: Receiver) -> None:
    desk.new_webhook(receiver)
    receiver.will_answer(500, 502)
    ticket_id = desk.new_ticket()
    for priority in ("high", "low", "urgent"):
        desk.patch(f"/api/tickets/{ticket_id}", {"priority": priority})
    for _ in range(8):
        desk.tell_later()
    arrived = [json.loads(one.body)["data"]["after"].get("priority") for one in receiver.take()[2:]]
    assert arrived == ["normal", "high", "low", "urgent"]


def test_a_desk_that_runs_delivers_by_itself_within_seconds(
    start_desk: StartDesk, receiver: Receiver
) -> None:
    desk = start_desk(timed_work=True, OUTBOUND_ALLOWED="127.0.0.0/8")
    desk.component(Followers).catch_up()  # what was before a desk's very first look is told to nobody
    made = desk.post(HOOKS, {"url": receiver.url, "event_types": ["ticket.created"]}).json()
    ticket_id = desk.new_ticket()
    until = time.monotonic() + 5
    while not receiver.received and time.monotonic() < until:
        time.sleep(0.02)
    (sent,) = receiver.take()
    assert sent.verified(made["secret"])["data"]["ticket_id"] == ticket_id  # type: ignore[index]


# ---------------------------------------------------------------- receivers that misbehave


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 422, 429, 500, 503])
def test_anything_but_success_is_tried_again_until_it_arrives(
    desk: TellingDesk, receiver: Receiver, status: int
) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    receiver.will_answer(status, location=receiver.url)
    desk.new_ticket()
    desk.tell()
    assert len(receiver.take()) == 1
    (failed,) = desk.deliveries(webhook_id)
    assert (failed["status"], failed["reason"], failed["state"]) == (status, f"status_{status}", "pending")
    assert failed["next_attempt_at"] > failed["at"]
    assert desk.webhook(webhook_id)["failing_since"] is not None
    desk.tell_later()
    (again,) = receiver.take()
    newest, oldest = desk.deliveries(webhook_id)
    assert (newest["attempt"], newest["status"], newest["state"]) == (2, 204, "delivered")
    assert newest["delivery_id"] == oldest["delivery_id"] == again.id
    assert desk.webhook(webhook_id)["failing_since"] is None


def test_one_that_hangs_costs_its_time_and_no_more(desk: TellingDesk, receiver: Receiver) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    receiver.hangs = threading.Event()
    desk.new_ticket()
    began = time.monotonic()
    desk.tell()
    assert time.monotonic() - began < 2
    receiver.hangs.set()
    receiver.hangs = None
    (failed,) = desk.deliveries(webhook_id)
    assert (failed["status"], failed["reason"]) == (None, "timeout")
    assert 250 <= failed["duration_ms"] < 1_500
    desk.tell_later()
    assert desk.deliveries(webhook_id)[0]["status"] == 204


@pytest.mark.parametrize("status", [429, 503])
def test_one_that_says_when_to_come_again_is_heeded(
    desk: TellingDesk, receiver: Receiver, status: int
) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    receiver.will_answer(status, Retry_After="3600")
    desk.new_ticket()
    desk.tell()
    desk.tell_later(3_500)
    assert len(receiver.take()) == 1
    desk.tell_later(110)
    assert len(receiver.take()) == 1
    assert desk.deliveries(webhook_id)[0]["state"] == "delivered"


def test_one_that_is_gone_is_disabled_told_and_can_come_back(desk: TellingDesk, receiver: Receiver) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    receiver.will_answer(410)
    desk.new_ticket()
    desk.tell()
    gone = desk.webhook(webhook_id)
    assert (gone["enabled"], gone["disabled_because"]) == (False, "gone")
    told = events_of(desk, webhook_id)[-1]
    assert (told.type, told.after) == ("webhook.disabled", {"enabled": False, "because": "gone"})
    desk.new_ticket()
    desk.tell_later()
    assert len(receiver.take()) == 1
    delivery_id = desk.deliveries(webhook_id)[0]["delivery_id"]
    assert desk.post(f"{HOOKS}/{webhook_id}/test").status_code == 409
    assert desk.post(f"{HOOKS}/{webhook_id}/deliveries/{delivery_id}/replay").status_code == 409
    back = desk.patch(f"{HOOKS}/{webhook_id}", {"enabled": True}).json()["webhook"]
    assert (back["enabled"], back["disabled_because"], back["disabled_at"]) == (True, None, None)
    replayed = desk.post(f"{HOOKS}/{webhook_id}/deliveries/{delivery_id}/replay")
    assert (replayed.status_code, replayed.json()["state"]) == (202, "pending")
    desk.tell()
    assert [one.id for one in receiver.take()] == [delivery_id]


def test_one_to_which_nothing_arrives_for_days_is_disabled_and_told(
    desk: TellingDesk, receiver: Receiver
) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    receiver.will_answer(*[500] * 50)
    for _ in range(4):
        desk.new_ticket()
        desk.tell_later(2 * 24 * 3600)
    ended = desk.webhook(webhook_id)
    assert (ended["enabled"], ended["disabled_because"]) == (False, "failing")
    assert [event.type for event in events_of(desk, webhook_id)].count("webhook.disabled") == 1
    desk.patch(f"{HOOKS}/{webhook_id}", {"enabled": True})
    assert desk.webhook(webhook_id)["failing_since"] is None


def test_what_arrived_can_be_delivered_again_by_hand(desk: TellingDesk, receiver: Receiver) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    desk.new_ticket()
    desk.tell()
    (first,) = receiver.take()
    address = f"{HOOKS}/{webhook_id}/deliveries"
    assert desk.post(f"{address}/{first.id}/replay").status_code == 202
    desk.tell()
    (again,) = receiver.take()
    assert (again.id, again.body) == (first.id, first.body)
    other = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    assert desk.post(f"{HOOKS}/{other}/deliveries/{first.id}/replay").status_code == 404
    assert desk.post(f"{address}/dlv_none/replay").status_code == 404


def test_deliveries_are_walked_by_cursor(desk: TellingDesk, receiver: Receiver) -> None:
    webhook_id = desk.new_webhook(receiver, "ticket.created")["webhook"]["id"]
    for _ in range(5):
        desk.new_ticket()
    desk.tell()
    walked, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = desk.get(f"{HOOKS}/{webhook_id}/deliveries", params=query).json()
        walked += [one["delivery_id"] for one in page["deliveries"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert walked == [one["delivery_id"] for one in desk.deliveries(webhook_id)]
    assert len(set(walked)) == 5


# ---------------------------------------------------------------- looking after them


def test_a_webhook_is_made_read_changed_and_deleted(desk: TellingDesk, receiver: Receiver) -> None:
    made = desk.new_webhook(receiver, "ticket.*", "ticket.*", description="Ours")
    assert set(made) == {"webhook", "secret"}
    webhook = made["webhook"]
    address = f"{HOOKS}/{webhook['id']}"
    assert webhook["event_types"] == ["ticket.*"]
    read = desk.get(address)
    assert read.json() == {"webhook": webhook}
    assert made["secret"] not in desk.get(HOOKS).text + read.text
    changed = desk.patch(address, {"event_types": ["sla.*"]}, headers={"If-Match": read.headers["ETag"]})
    assert changed.json()["webhook"]["event_types"] == ["sla.*"]
    stale = desk.patch(address, {"enabled": False}, headers={"If-Match": read.headers["ETag"]})
    assert stale.status_code == 412
    assert desk.call("DELETE", address).status_code == 204
    assert desk.get(address).status_code == 404
    kinds = [event.type for event in events_of(desk, webhook["id"])]
    assert kinds == ["webhook.created", "webhook.changed", "webhook.deleted"]


def test_one_that_is_disabled_by_hand_hears_nothing(desk: TellingDesk, receiver: Receiver) -> None:
    webhook_id = desk.new_webhook(receiver)["webhook"]["id"]
    off = desk.patch(f"{HOOKS}/{webhook_id}", {"enabled": False}).json()["webhook"]
    assert (off["disabled_because"], off["disabled_at"] is None) == ("by_hand", False)
    desk.new_ticket()
    desk.tell()
    assert receiver.take() == []


def test_an_address_is_given_once(desk: TellingDesk, receiver: Receiver) -> None:
    webhook = desk.new_webhook(receiver)["webhook"]
    again = desk.post(HOOKS, {"url": webhook["url"], "event_types": ["*"]})
    assert (again.status_code, "url" in again.json()["detail"]) == (409, True)


@pytest.mark.parametrize("url", ["http://192.168.1.1/", "https://10.0.0.7/", "https://[::ffff:127.0.0.1]/"])
def test_an_address_inside_is_refused_by_name_of_the_field(desk: TellingDesk, url: str) -> None:
    refused = desk.post(HOOKS, {"url": url, "event_types": ["*"]})
    assert refused.status_code == 422
    assert "url" in refused.json()["errors"]


def test_no_secret_and_no_address_is_in_the_log_or_in_events(steady: TellingDesk, receiver: Receiver) -> None:
    made = steady.new_webhook(receiver)
    webhook_id = made["webhook"]["id"]
    secret = steady.post(f"{HOOKS}/{webhook_id}/rotate-secret", {}).json()["secret"]
    receiver.will_answer(500, 410)
    steady.new_ticket()
    steady.tell()
    told = "".join(str((event.before, event.after)) for event in events_of(steady, webhook_id))
    log = Path(str(steady.component(Settings).log_file))
    written = told + (log.read_text() if log.exists() else "")
    path = made["webhook"]["url"].rpartition("/")[2]
    assert not [word for word in (made["secret"], secret, path) if word in written]


# ---------------------------------------------------------------- the page for receivers

PAGE = DOCS / "webhooks.md"


def test_the_receiver_of_the_page_takes_what_the_desk_sends_and_nothing_else(
    steady: TellingDesk, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = steady.new_webhook(receiver, "ticket.created")["secret"]
    ticket_id = steady.new_ticket()
    steady.tell()
    (sent,) = receiver.take()
    page: dict[str, Any] = {}
    exec(next(block.text for block in blocks(PAGE) if block.language == "python"), page)
    seen: set[str] = set()
    receive = page["receive"]
    assert [receive(sent.body, dict(sent.headers), secret, seen) for _ in range(2)] == [204, 204]
    assert capsys.readouterr().out == f"ticket.created {ticket_id}\n"
    assert receive(sent.body + b" ", dict(sent.headers), secret, seen) == 401


def test_the_request_of_the_page_has_the_signature_of_the_page() -> None:
    head, body = (block.text for block in blocks(PAGE) if block.language in {"http", "json"})
    told = dict(line.split(": ") for line in head.splitlines()[1:])
    (secret,) = re.findall(r"`(whsec_[^`…]+)`", PAGE.read_text())
    at = datetime.fromtimestamp(int(told["webhook-timestamp"]), UTC)
    assert Webhook(secret).sign(told["webhook-id"], at, body.rstrip("\n")) == told["webhook-signature"]
    event = json.loads(body)
    ours = fed(
        event["type"],
        position=event["data"]["position"],
        subject_id=event["data"]["subject"]["id"],
        ticket_id=event["data"]["ticket_id"],
        actor=event["data"]["actor"],
        before=event["data"]["before"],
        after=event["data"]["after"],
        at=datetime.fromisoformat(event["timestamp"]),
    )
    assert body_of(ours) == body.rstrip("\n").encode()

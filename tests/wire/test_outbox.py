"""Operators see what is to leave the desk, and send again what could not."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.database import Database
from service.feed.services import Feed, Followers
from service.jobs import JobRunner
from service.outbox.dispatching import Dispatcher
from service.outbox.services import Outbox
from service.testing.desk import SupportDesk, desk_with_stub
from tests.service.persistence.rows import NOON
from tests.wire.company import dead_letter
from tests.wire.test_metrics import figures

PATH = "/api/admin/outbox"


@pytest.fixture(scope="module")
def running(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("outbox")
    copy = shutil.copy(migrated_sqlite, directory / "desk.db")
    with desk_with_stub({"DATABASE_URL": f"sqlite:///{copy}", "LOG_FILE": str(directory / "log")}) as desk:
        yield desk


@pytest.fixture
def desk(running: SupportDesk) -> SupportDesk:
    """Where nothing waits from another test."""
    running.clock.advance(1)
    running.component(Dispatcher).deliver_due()
    running.post(f"{PATH}/replay", {})
    running.component(Dispatcher).deliver_due()
    return running


def notify(desk: SupportDesk, ticket_id: str, channel: str = "log") -> None:
    """What a follower does with the first event of a ticket."""
    desk.component(Followers).catch_up()
    database, feed = desk.component(Database), desk.component(Feed)
    with database.writing() as session:
        event = next(
            event
            for event in feed.read(session, 0, 10_000, {"ticket.created"})
            if event.ticket_id == ticket_id
        )
        desk.component(Outbox).add(session, event, channel, "desk")


def listed(desk: SupportDesk, **query: str) -> list[dict[str, Any]]:
    answer = desk.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    deliveries: list[dict[str, Any]] = answer.json()["deliveries"]
    return deliveries


def test_a_delivery_is_listed_from_its_event_to_its_arrival(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket()
    notify(desk, ticket_id)
    (waiting,) = listed(desk, state="pending", channel="log")
    assert (waiting["ticket_id"], waiting["event_type"]) == (ticket_id, "ticket.created")
    assert (waiting["channel"], waiting["target"], waiting["attempts"]) == ("log", "desk", 0)
    assert (waiting["ended_at"], waiting["leased_until"], waiting["last_error"]) == (None, None, None)
    assert desk.component(Dispatcher).deliver_due() == 1
    one = desk.get(f"{PATH}/{waiting['id']}").json()["delivery"]
    assert (one["state"], one["attempts"], one["id"]) == ("delivered", 1, waiting["id"])
    assert (one["ended_at"] is not None, one["next_attempt_at"]) == (True, None)


def test_a_delivery_that_has_ended_is_made_again(desk: SupportDesk) -> None:
    notify(desk, desk.new_ticket())
    delivery_id = listed(desk)[0]["id"]
    early = desk.post(f"{PATH}/{delivery_id}/replay")
    assert (early.status_code, "still to be delivered" in early.json()["detail"]) == (409, True)
    desk.component(Dispatcher).deliver_due()
    again = desk.post(f"{PATH}/{delivery_id}/replay").json()["delivery"]
    assert (again["state"], again["attempts"]) == ("pending", 0)
    assert desk.component(Dispatcher).deliver_due() == 1
    entry = desk.get("/api/audit", params={"type": "outbox.replayed", "subject": delivery_id}).json()
    assert [each["after"] for each in entry["entries"]] == [{"channel": "log"}]


def test_all_dead_letters_are_tried_again_or_those_of_one_channel(desk: SupportDesk) -> None:
    mine = {dead_letter(desk, channel="email"), dead_letter(desk, channel="slack")}
    assert {each["id"] for each in listed(desk, state="dead")} == mine
    assert {each["next_attempt_at"] for each in listed(desk, state="dead")} == {None}
    one = desk.post(f"{PATH}/replay", {"channel": "slack"}).json()
    assert one == {"replayed": 1, "remaining": False}
    assert [each["channel"] for each in listed(desk, state="dead")] == ["email"]
    assert desk.post(f"{PATH}/replay", {}).json() == {"replayed": 1, "remaining": False}
    assert desk.post(f"{PATH}/replay", {}).json() == {"replayed": 0, "remaining": False}
    assert listed(desk, state="dead") == []


def test_the_list_is_walked_by_cursor_and_by_page(desk: SupportDesk) -> None:
    mine = [
        dead_letter(desk, channel="walk", created_at=NOON + timedelta(seconds=number)) for number in range(5)
    ]
    walked, cursor = [], None
    while True:
        query = {"channel": "walk", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = desk.get(PATH, params=query).json()
        walked += [each["id"] for each in answer["deliveries"]]
        cursor = answer["pagination"]["next_cursor"]
        if cursor is None:
            break
    assert walked == mine[::-1]
    second = desk.get(PATH, params={"channel": "walk", "limit": "2", "page": "2"}).json()
    assert [each["id"] for each in second["deliveries"]] == walked[2:4]
    assert second["pagination"]["total"] == 5


def test_one_that_nobody_knows_is_a_404(desk: SupportDesk) -> None:
    for method, path in (("GET", f"{PATH}/dlv_nobody"), ("POST", f"{PATH}/dlv_nobody/replay")):
        answer = desk.call(method, path)
        assert (answer.status_code, "There is no delivery" in answer.json()["detail"]) == (404, True)


def test_what_waits_is_measured(desk: SupportDesk) -> None:
    dead_letter(desk, channel="measured", created_at=desk.clock.now() - timedelta(hours=1))
    desk.component(JobRunner).run_now("sample-metrics")
    assert figures(desk, "support_outbox_depth")["measured", "dead"] == 1
    assert figures(desk, "support_outbox_oldest_age_seconds")["measured", "dead"] == pytest.approx(
        3_600, abs=60
    )

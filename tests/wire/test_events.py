"""`/api/events`: pages of the feed, waiting for the next event, and streams."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.database import Database
from service.events import TICKET_UPDATED, EventLog, about_ticket
from service.feed.services import Followers
from service.streams.broadcast import Broadcast
from service.testing.desk import SupportDesk, desk_with_stub
from tests.service.persistence.rows import NOON
from tests.wire.company import new_key
from tests.wire.desk import Desk, running_desk
from tests.wire.staff import Colleague, hire, new_team
from tests.wire.streaming import EventStream

STREAMS_MAX = 12


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("events")
    copy = shutil.copy(migrated_sqlite, directory / "desk.db")
    environment = {
        "DATABASE_URL": f"sqlite:///{copy}",
        "LOG_FILE": str(directory / "app.log"),
        "STREAMS_MAX": str(STREAMS_MAX),
        "CORS_ORIGINS": "https://desk.example",
        "THREADS": "2",
    }
    with desk_with_stub(environment) as desk:
        yield desk


@pytest.fixture
def streams(desk: SupportDesk) -> Iterator[list[EventStream]]:
    """Those in it are closed after the test, and their places free."""
    opened: list[EventStream] = []
    yield opened
    for stream in opened:
        stream.close()
    desk.component(Broadcast).ring()
    until(lambda: watching(desk) == 0)


def watching(desk: Desk) -> int:
    """Streams and requests that wait."""
    return len(desk.component(Broadcast))


def until(true: Any, patience_s: float = 10.0) -> None:
    give_up_at = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < give_up_at
        threading.Event().wait(0.01)


def number(desk: Desk) -> None:
    """What the relay does within a second, at once."""
    desk.component(Followers).catch_up()


def newest(desk: Desk) -> int:
    number(desk)
    last: int = desk.get("/api/events").json()["last"]
    return last


def change(desk: Desk, ticket_id: str, priority: str) -> None:
    assert desk.patch(f"/api/tickets/{ticket_id}", {"priority": priority}).status_code == 200
    number(desk)


def ticket_for(desk: Desk, headers: dict[str, str] | None = None) -> str:
    answer = desk.post("/api/events/tickets", headers=headers or {})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["expires_in"] == 60
    ticket: str = told["ticket"]
    return ticket


def opened(
    desk: Desk, streams: list[EventStream], headers: dict[str, str] | None = None, **options: Any
) -> EventStream:
    stream = EventStream(desk.url, ticket_for(desk, headers), **options)
    streams.append(stream)
    assert stream.status == 200
    return stream


# ---------------------------------------------------------------- pages


def test_what_happens_is_listed_in_order_without_what_is_personal(desk: SupportDesk) -> None:
    before = newest(desk)
    ticket_id = desk.new_ticket("cust_personal", subject="A secret subject")
    desk.patch(f"/api/tickets/{ticket_id}", {"subject": "Another secret", "priority": "high"})
    number(desk)
    answer = desk.get(f"/api/events?after={before}").json()
    told = [(event["position"], event["type"]) for event in answer["events"]]
    kinds = ["customer.created", "ticket.created", "message.added", "ticket.updated"]
    assert told == list(enumerate(kinds, start=before + 1))
    assert answer["last"] == before + 4
    assert not answer["has_more"]
    changed = answer["events"][-1]
    assert (changed["ticket_id"], changed["before"], changed["after"]) == (
        ticket_id,
        {"priority": "normal"},
        {"priority": "high"},
    )
    assert "secret" not in str(answer)
    assert "cust_personal" not in str(answer)


def test_labels_and_names_are_told_neither_in_a_list_nor_in_a_stream(
    desk: SupportDesk, streams: list[EventStream]
) -> None:
    before = newest(desk)
    stream = opened(desk, streams, query="&types=ticket.updated")
    ticket_id = desk.new_ticket()
    with desk.component(Database).writing() as session:
        change = {"before": {"assigned_to": None}, "after": {"assigned_to": "Kim Lee", "note": "Kim asked"}}
        desk.component(EventLog).record(
            session, about_ticket(TICKET_UPDATED, ticket_id, actor="import:Kim's", at=NOON, **change)
        )
    number(desk)
    [listed] = desk.get(f"/api/events?after={before}&types=ticket.updated").json()["events"]
    assert next(stream.messages()) == listed
    assert (listed["actor"], listed["after"]) == ("import", {"assigned_to": None})
    kept = desk.get(f"/api/tickets/{ticket_id}/events").json()["events"]
    assert ("import:Kim's", change["after"]) in [(each["actor"], each["after"]) for each in kept]


def test_from_now_nothing_is_listed_but_where_now_is(desk: SupportDesk) -> None:
    last = newest(desk)
    assert desk.get("/api/events").json() == {"events": [], "last": last, "has_more": False}


def test_types_are_chosen_by_name(desk: SupportDesk) -> None:
    before = newest(desk)
    desk.new_ticket("cust_feed")
    number(desk)
    answer = desk.get(f"/api/events?after={before}&types=message.added, ticket.updated").json()
    assert [event["type"] for event in answer["events"]] == ["message.added"]
    refused = desk.get("/api/events?types=ticket.created,ticket.exploded")
    assert refused.status_code == 422
    assert "ticket.exploded" in refused.json()["errors"]["types"][0]


def test_a_position_yet_to_come_is_refused_with_the_newest(desk: SupportDesk) -> None:
    last = newest(desk)
    refused = desk.get(f"/api/events?after={last + 1}")
    assert refused.status_code == 422
    assert str(last) in refused.json()["errors"]["after"][0]


# ---------------------------------------------------------------- waiting


def answers(desk: Desk, query: str, into: list[Any]) -> threading.Thread:
    thread = threading.Thread(target=lambda: into.append(desk.get(f"/api/events?{query}").json()))
    thread.start()
    return thread


def test_who_waits_is_answered_once_something_happens(desk: SupportDesk) -> None:
    ticket_id, before, came = desk.new_ticket(), newest(desk), list[Any]()
    thread = answers(desk, "wait_s=20", came)
    until(lambda: watching(desk) == 1)
    change(desk, ticket_id, "urgent")
    thread.join(5)
    [answer] = came
    assert [event["position"] for event in answer["events"]] == [before + 1]
    assert answer["last"] == before + 1


def test_those_who_wait_hold_no_thread(desk: SupportDesk) -> None:
    ticket_id, came = desk.new_ticket(), list[Any]()
    last = newest(desk)
    threads = [answers(desk, f"after={last}&wait_s=20", came) for _ in range(8)]
    until(lambda: watching(desk) == 8)
    assert desk.get("/api/events").json()["last"] == last  # of the lane's two threads
    change(desk, ticket_id, "urgent")
    for thread in threads:
        thread.join(5)
    assert [answer["last"] for answer in came] == [last + 1] * 8


def test_who_has_waited_in_vain_gets_an_empty_page(desk: SupportDesk) -> None:
    last, began = newest(desk), time.monotonic()
    assert desk.get("/api/events?wait_s=1").json() == {"events": [], "last": last, "has_more": False}
    assert 1 <= time.monotonic() - began < 3


# ---------------------------------------------------------------- streams


def test_a_stream_tells_what_happens_as_it_happens(desk: SupportDesk, streams: list[EventStream]) -> None:
    ticket_id, before = desk.new_ticket(), newest(desk)
    stream = opened(desk, streams)
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-store, no-transform"
    assert stream.headers["x-accel-buffering"] == "no"
    events = stream.events()
    assert next(events) == ("position", {"position": before})
    change(desk, ticket_id, "high")
    kind, told = next(events)
    listed = desk.get(f"/api/events?after={before}").json()["events"]
    assert (kind, [told]) == ("message", listed)
    assert stream.last_event_id == before + 1


@pytest.mark.parametrize("way", ["header", "parameter", "both"])
def test_who_comes_back_goes_on_behind_the_last_event(
    desk: SupportDesk, streams: list[EventStream], way: str
) -> None:
    before = newest(desk)
    desk.new_ticket("cust_back")
    last = newest(desk)
    sent: dict[str, Any] = {
        "header": {"last_event_id": before},
        "parameter": {"query": f"&last_event_id={before}"},
        "both": {"last_event_id": last - 1, "query": f"&last_event_id={before}"},
    }[way]
    messages = opened(desk, streams, **sent).messages()
    expected = range(last if way == "both" else before + 1, last + 1)
    assert [next(messages)["position"] for _ in expected] == list(expected)


def test_a_ticket_opens_one_stream(desk: SupportDesk, streams: list[EventStream]) -> None:
    stream = opened(desk, streams)
    again = desk.get(f"/api/events/stream?ticket={stream.ticket}")
    assert again.status_code == 401
    assert "get another" in again.json()["detail"]


@pytest.mark.parametrize("what", ["over", "a token", "of another desk", "nothing"])
def test_nothing_else_opens_one(desk: SupportDesk, what: str) -> None:
    ticket = ticket_for(desk)
    if what == "over":
        desk.clock.advance(66)
    elif what == "a token":
        ticket = hire(desk).tokens["access_token"]
    elif what == "of another desk":
        ticket = ticket[:-4] + "AAAA"
    query = "" if what == "nothing" else f"?ticket={ticket}"
    assert desk.get(f"/api/events/stream{query}").status_code == (422 if what == "nothing" else 401)


def test_only_who_may_read_events_gets_a_ticket(desk: SupportDesk) -> None:
    for scope, status in (("events", 200), ("desk", 200), ("read", 200), ("form", 403), ("metrics", 403)):
        headers = {"X-API-Key": new_key(desk, scope)}
        assert desk.post("/api/events/tickets", headers=headers).status_code == status, scope


def test_a_page_of_an_allowed_origin_may_read_it_and_no_other(
    desk: SupportDesk, streams: list[EventStream]
) -> None:
    for origin, allowed in (("https://desk.example", True), ("https://evil.example", False)):
        stream = EventStream(desk.url, f"{ticket_for(desk)} HTTP/1.1\r\nOrigin: {origin}\r\nX-Rest: ")
        streams.append(stream)
        assert (stream.headers.get("access-control-allow-origin") == origin) is allowed


def test_beyond_the_most_streams_are_refused_and_the_rest_of_the_desk_answers(
    desk: SupportDesk, streams: list[EventStream]
) -> None:
    ticket_id = desk.new_ticket()
    number(desk)
    for _ in range(STREAMS_MAX):
        opened(desk, streams)
    until(lambda: watching(desk) == STREAMS_MAX)
    figures = desk.get("/metrics").text
    assert f"support_event_watchers {STREAMS_MAX}.0" in figures.splitlines()
    spare = ticket_for(desk)
    refused = desk.get(f"/api/events/stream?ticket={spare}")
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert desk.get("/api/events?wait_s=5").status_code == 503
    assert desk.get("/api/events").status_code == 200
    change(desk, ticket_id, "low")
    for stream in streams:
        assert next(stream.messages())["after"] == {"priority": "low"}
    streams.pop().close()
    until(lambda: watching(desk) < STREAMS_MAX)
    streams.append(EventStream(desk.url, spare))  # which was not used up by being refused
    assert streams[-1].status == 200


# ---------------------------------------------------------------- whose events


@pytest.fixture(scope="module")
def teams(desk: SupportDesk) -> tuple[str, str]:
    return new_team(desk), new_team(desk)


@pytest.fixture
def kim(desk: SupportDesk, teams: tuple[str, str]) -> Colleague:
    return hire(desk, "agent", teams[0])


def test_an_agent_sees_tickets_of_their_team_and_what_is_about_themselves(
    desk: SupportDesk, streams: list[EventStream], teams: tuple[str, str], kim: Colleague
) -> None:
    ours, theirs = (desk.new_ticket("cust_seen", team_id=team_id) for team_id in teams)
    before = newest(desk)
    stream = opened(desk, streams, kim.headers)
    for ticket_id, priority in ((theirs, "high"), (ours, "high"), (theirs, "low")):
        change(desk, ticket_id, priority)
    assert desk.patch("/api/agents/me", {"status": "busy"}, headers=kim.headers).status_code == 200
    number(desk)
    answer = desk.get(f"/api/events?after={before}", headers=kim.headers).json()
    assert [event["position"] for event in answer["events"]] == [before + 2, before + 4]
    assert answer["last"] == before + 4
    messages = stream.messages()
    assert [next(messages) for _ in range(2)] == answer["events"]


def test_a_manager_and_a_key_see_what_happens_everywhere(desk: SupportDesk) -> None:
    before = newest(desk)
    desk.new_ticket("cust_everywhere")
    number(desk)
    for headers in (hire(desk, "manager").headers, {"X-API-Key": new_key(desk, "events")}):
        answer = desk.get(f"/api/events?after={before}&limit=3", headers=headers).json()
        assert [event["position"] for event in answer["events"]] == [before + 1, before + 2, before + 3]


@pytest.mark.parametrize("what", ["deactivated", "signed out", "another role"])
def test_a_stream_ends_within_five_seconds_of_the_rights_that_it_rests_on(
    desk: SupportDesk, streams: list[EventStream], what: str
) -> None:
    lee = hire(desk, "manager")
    stream = opened(desk, streams, lee.headers)
    assert next(stream.events())[0] == "position"
    if what == "deactivated":
        ended = desk.call("DELETE", f"/api/agents/{lee.id}")
    elif what == "signed out":
        ended = desk.post("/api/auth/logout", {"refresh_token": lee.tokens["refresh_token"]})
    else:
        ended = desk.patch(f"/api/agents/{lee.id}", {"role": "agent"})
    assert ended.status_code in {200, 204}, ended.text
    desk.clock.advance(4)
    change(desk, desk.new_ticket(), "low")
    assert list(stream.messages()) == []
    assert desk.get(f"/api/events/stream?ticket={stream.ticket}").status_code == 401


def test_a_ticket_of_one_who_was_deactivated_opens_nothing(desk: SupportDesk) -> None:
    lee = hire(desk)
    ticket = ticket_for(desk, lee.headers)
    desk.call("DELETE", f"/api/agents/{lee.id}")
    assert desk.get(f"/api/events/stream?ticket={ticket}").status_code == 401


def test_a_stream_of_a_revoked_key_ends(desk: SupportDesk, streams: list[EventStream]) -> None:
    made = desk.post("/api/admin/keys", {"name": "watcher", "scopes": ["events"]}).json()
    stream = opened(desk, streams, {"X-API-Key": made["secret"]})
    assert desk.call("DELETE", f"/api/admin/keys/{made['key']['id']}").status_code == 204
    desk.clock.advance(4)
    assert list(stream.messages()) == []


# ---------------------------------------------------------------- the end


def test_a_desk_that_stops_ends_its_streams_at_once(migrated_sqlite: Path, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}",
        "LOG_FILE": str(tmp_path / "app.log"),
    }
    came: list[Any] = []
    with running_desk(environment) as desk:
        stream = EventStream(desk.url, ticket_for(desk))
        thread = answers(desk, "wait_s=20", came)
        until(lambda: watching(desk) == 2)
        began = time.monotonic()
    assert time.monotonic() - began < 1.5
    thread.join(5)
    assert came == [{"events": [], "last": 0, "has_more": False}]
    assert list(stream.messages()) == []
    stream.close()

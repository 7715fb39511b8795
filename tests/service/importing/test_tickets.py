"""Tickets with their past: what is kept of a conversation is what typing it in would have given."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from service.customers.models import Customer
from service.customers.services import Person
from service.events import StoredEvent
from service.importing.report import Figures
from service.tickets.models import NOBODYS, FieldType, Message, Note, Ticket, TicketCounter
from service.tickets.services import NewField, NewMessage, NewTicket
from tests.service.importing.bringing import ImportDesk, json_lines
from tests.service.persistence import rows

NINE = datetime(2025, 11, 2, 9, tzinfo=UTC)
KEPT = (
    "conversation_version",
    "message_count",
    "last_message_preview",
    "last_message_at",
    "last_message_from_agent",
    "waiting_since",
    "first_response_at",
)


def at(hour: float, start: datetime = NINE) -> str:
    return (start + timedelta(hours=hour)).isoformat().replace("+00:00", "Z")


def turn(number: int, hour: float, *, agent: bool = False, **more: Any) -> dict[str, Any]:
    told = {"external_id": f"m-{number}", "from_agent": agent, "content": f"Text {number}"}
    return told | {"created_at": at(hour)} | more


def past(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {"external_id": "Z-7", "customer_id": "cust_1", "subject": "Late", "created_at": at(0)}
    return told | {"messages": list(messages)} | more


def tickets(desk: ImportDesk) -> Sequence[Ticket]:
    with desk.database.reading() as session:
        return session.scalars(select(Ticket).order_by(Ticket.external_id)).all()


def only(desk: ImportDesk) -> Ticket:
    (ticket,) = tickets(desk)
    return ticket


def contents(desk: ImportDesk) -> list[str]:
    with desk.database.reading() as session:
        return list(session.scalars(select(Message.content).order_by(Message.created_at, Message.sequence)))


def events(desk: ImportDesk) -> Sequence[StoredEvent]:
    with desk.database.reading() as session:
        return session.scalars(select(StoredEvent).order_by(StoredEvent.id)).all()


def counted(desk: ImportDesk) -> dict[str, int]:
    sums = select(TicketCounter.status, func.sum(TicketCounter.tickets)).group_by(TicketCounter.status)
    with desk.database.reading() as session:
        return {status: int(count) for status, count in session.execute(sums) if count}


def typed_in(desk: ImportDesk, turns: Sequence[tuple[float, bool]]) -> Ticket:
    """The same conversation by the service that the API calls, each message at its time."""
    start = desk.clock.now()
    ticket = desk.tickets.create(NewTicket(customer_id="cust_1", subject="Late"), actor="api").ticket
    for number, (hour, agent) in enumerate(turns):
        desk.clock.advance((start + timedelta(hours=hour) - desk.clock.now()).total_seconds())
        new = NewMessage(content=f"Text {number}", from_agent=agent)
        ticket = desk.conversations.add(ticket.id, new, actor="api").ticket
    return ticket


@pytest.mark.parametrize("engine_name", ["sqlite"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    turns=st.lists(st.tuples(st.integers(0, 40).map(lambda part: part / 4), st.booleans()), max_size=8),
    cut=st.integers(0, 8),
    backwards=st.booleans(),
)
def test_what_is_kept_is_what_typing_it_in_would_give(
    desk: ImportDesk, turns: list[tuple[float, bool]], cut: int, backwards: bool
) -> None:
    """Brought at once, or a part later, in the order of writing or not."""
    in_order = sorted(turns, key=lambda one: one[0])
    start = desk.clock.now()
    wanted = typed_in(desk, in_order)
    told = [
        turn(number, hour, agent=agent, created_at=at(hour, start))
        for number, (hour, agent) in enumerate(in_order)
    ]
    first, rest = told[:cut], told[cut:]
    record = past(*(reversed(told) if backwards and len({hour for hour, _ in turns}) == len(turns) else told))
    if first and rest:
        desk.bring("tickets", json_lines(past(*first)), restart=True)
    desk.bring("tickets", json_lines(record), restart=True)
    with desk.database.writing() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.external_id == "Z-7")).one()
        assert {name: getattr(ticket, name) for name in KEPT} == {
            name: getattr(wanted, name) for name in KEPT
        }
        for table in (Message, Ticket, TicketCounter):
            session.query(table).delete()


def test_a_ticket_comes_as_it_was(desk: ImportDesk) -> None:
    note = {"content": "Called back", "created_at": at(2), "author_name": "Kim"}
    record = past(
        turn(1, 0, author_name="Ada", author_email="ada@example.com"),
        turn(2, 1, agent=True),
        status="closed",
        priority="high",
        channel="chat",
        tags=["return", "vip"],
        assigned_to="Team B",
        closed_at=at(3),
        updated_at=at(4),
        notes=[note],
    )
    assert desk.bring("tickets", json_lines(record)).figures == Figures(read=1, created=1)
    ticket = only(desk)
    assert (ticket.status, ticket.priority, ticket.channel) == ("closed", "high", "chat")
    assert (ticket.tags, ticket.assigned_to) == ({"return", "vip"}, "Team B")
    assert (ticket.created_at, ticket.updated_at) == (NINE, NINE + timedelta(hours=4))
    assert (ticket.resolved_at, ticket.closed_at) == (None, NINE + timedelta(hours=3))
    assert (ticket.version, ticket.message_count) == (1, 2)
    with desk.database.reading() as session:
        ada = session.get_one(Customer, "cust_1")
        assert (ada.name, ada.email) == ("Ada", "ada@example.com")
        (kept,) = session.scalars(select(Note))
        assert (kept.author_name, kept.author_id) == ("Kim", "import:records.jsonl")
        assert kept.created_at == NINE + timedelta(hours=2)
    assert counted(desk) == {"closed": 1}


def test_a_ticket_comes_to_its_team_or_to_its_agent_and_one_of_no_team_is_left_out(desk: ImportDesk) -> None:
    kim, returns = rows.agent(), rows.team()
    with desk.database.writing() as session:
        session.add_all([kim, returns])
    owners = {
        "Z-1": {"team_id": returns.id, "assigned_to": kim.id},
        "Z-2": {"assigned_to": kim.id},
        "Z-3": {"assigned_to": "Team B"},
        "Z-4": {"team_id": "team_none"},
    }
    brought = desk.bring(
        "tickets", json_lines(*(past(external_id=number, **who) for number, who in owners.items()))
    )
    assert brought.figures == Figures(read=4, created=3, rejected=1)
    assert [(ticket.external_id, ticket.owned_by) for ticket in tickets(desk)] == [
        ("Z-1", returns.id),
        ("Z-2", kim.id),
        ("Z-3", NOBODYS),
    ]
    (rejected,) = desk.rejected()
    assert list(rejected["errors"]) == ["team_id"]


def test_a_time_that_is_not_told_stays_unknown(desk: ImportDesk) -> None:
    desk.bring("tickets", json_lines(past(turn(1, 2), status="closed", created_at=None)))
    ticket = only(desk)
    assert (ticket.resolved_at, ticket.closed_at) == (None, None)
    assert ticket.created_at == ticket.updated_at == NINE + timedelta(hours=2)


def test_one_event_tells_of_all_of_it_and_holds_no_text(desk: ImportDesk) -> None:
    desk.bring("tickets", json_lines(past(turn(1, 0), turn(2, 1))), given_name="old desk")
    created = [event for event in events(desk) if event.ticket_id]
    assert [(event.type, event.actor, event.at) for event in created] == [
        ("ticket.created", "import:old desk", desk.clock.now())
    ]
    assert (created[0].after["messages"], created[0].after["external_id"]) == (2, "Z-7")
    assert "Text" not in str(created[0].after)


def test_a_ticket_that_is_there_stays_as_it_is(desk: ImportDesk) -> None:
    desk.bring("tickets", json_lines(past(turn(1, 0))))
    before = only(desk).updated_at
    changed = past(turn(1, 0, content="Another text"), subject="Other", status="closed", tags=["new"])
    assert desk.bring("tickets", json_lines(changed)).figures == Figures(read=1, unchanged=1)
    ticket = only(desk)
    assert (ticket.subject, ticket.status, ticket.tags, ticket.updated_at) == ("Late", "open", set(), before)
    assert contents(desk) == ["Text 1"]


def test_new_messages_of_a_ticket_that_is_there_are_added_and_a_customers_one_reopens_it(
    desk: ImportDesk,
) -> None:
    desk.bring("tickets", json_lines(past(turn(1, 0), turn(2, 1, agent=True), status="closed")))
    more = past(turn(1, 0), turn(3, 2), turn(2, 1, agent=True), turn(9, 3, external_id=None))
    assert desk.bring("tickets", json_lines(more)).figures == Figures(read=1, updated=1)
    ticket = only(desk)
    assert contents(desk) == ["Text 1", "Text 2", "Text 3"]
    assert (ticket.status, ticket.version, ticket.waiting_since) == ("open", 2, NINE + timedelta(hours=2))
    assert counted(desk) == {"open": 1}
    assert [event.type for event in events(desk)][-2:] == ["message.added", "ticket.updated"]
    assert desk.bring("tickets", json_lines(more), restart=True).figures.unchanged == 1


def test_an_older_message_finds_its_place_and_moves_nothing(desk: ImportDesk) -> None:
    desk.bring("tickets", json_lines(past(turn(2, 1, agent=True), status="closed")))
    desk.bring("tickets", json_lines(past(turn(1, 0), turn(3, 0.5, agent=True))))
    ticket = only(desk)
    assert contents(desk) == ["Text 1", "Text 3", "Text 2"]
    assert (ticket.status, ticket.waiting_since) == ("closed", None)
    assert ticket.first_response_at == NINE + timedelta(hours=0.5)
    assert ticket.last_message_preview == "Text 2"


def test_a_deleted_ticket_is_left_in_peace(desk: ImportDesk) -> None:
    desk.bring("tickets", json_lines(past(turn(1, 0))))
    desk.tickets.delete(only(desk).id, actor="api")
    assert desk.bring("tickets", json_lines(past(turn(2, 1)))).figures == Figures(read=1, unchanged=1)
    assert contents(desk) == ["Text 1"]


def test_a_message_belongs_to_one_ticket(desk: ImportDesk) -> None:
    done = desk.bring(
        "tickets",
        json_lines(
            past(turn(1, 0)),
            past(turn(2, 0), turn(1, 1), external_id="Z-8"),
            past(turn(3, 0), turn(3, 1), external_id="Z-9"),
            past(turn(2, 0), external_id="Z-10"),
        ),
    )
    assert done.figures == Figures(read=4, created=2, rejected=2)
    assert [(each["key"], list(each["errors"])) for each in desk.rejected()] == [
        ("Z-8", ["messages.1.external_id"]),
        ("Z-9", ["messages.1.external_id"]),
    ]
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"external_id": None}, "external_id"),
        ({"customer_id": "a b"}, "customer_id"),
        ({"subject": ""}, "subject"),
        ({"status": "lost"}, "status"),
        ({"color": "red"}, "color"),
        ({"created_at": "2025-11-02 09:00"}, "created_at"),
        ({"closed_at": at(1)}, "closed_at"),
        ({"resolved_at": at(1), "status": "pending"}, "resolved_at"),
        ({"tags": ["x" * 101]}, "tags.0"),
        ({"author_email": "nobody"}, "author_email"),
        ({"custom_fields": {"batch": "x"}}, "custom_fields.batch"),
        ({"messages": [turn(1, 0, from_agent=None)]}, "messages.0.from_agent"),
        ({"messages": [turn(1, 0, created_at=None)]}, "messages.0.created_at"),
        ({"messages": [turn(1, 0, close_ticket=True)]}, "messages.0.close_ticket"),
        ({"notes": [{"content": ""}]}, "notes.0.content"),
    ],
)
def test_a_ticket_that_rest_would_refuse_is_refused_by_field(
    desk: ImportDesk, change: dict[str, Any], field: str
) -> None:
    done = desk.bring("tickets", json_lines(past(**change), past(external_id="Z-8")))
    assert done.figures == Figures(read=2, created=1, rejected=1)
    (told,) = desk.rejected()
    assert (told["line"], told["key"]) == (1, past(**change)["external_id"])
    assert field in told["errors"]


def test_a_spreadsheet_brings_tickets_with_tags_and_custom_fields(desk: ImportDesk) -> None:
    for key, kind in (("batch", FieldType.NUMBER), ("gift", FieldType.BOOLEAN), ("code", FieldType.TEXT)):
        desk.fields.create(NewField(key=key, label=key, type=kind), actor="api")
    text = (
        "external_id,customer_id,subject,status,tags,initial_message,created_at,author_name,"
        "custom_fields.batch,custom_fields.gift,custom_fields.code\n"
        "Z-1,cust_1,Late,in_progress,return; vip,Where is it?,2025-11-02T10:00:00+01:00,Ada,17,yes,007\n"
        "Z-2,cust_1,Late,,,,,,many,,\n"
    )
    assert desk.bring("tickets", text, name="t.csv").figures == Figures(read=2, created=1, rejected=1)
    ticket = only(desk)
    assert (ticket.status, ticket.tags, ticket.created_at) == ("open", {"return", "vip"}, NINE)
    assert ticket.custom_fields == {"batch": 17, "gift": True, "code": "007"}
    assert (ticket.waiting_since, contents(desk)) == (NINE, ["Where is it?"])
    assert list(desk.rejected()[0]["errors"]) == ["custom_fields.batch"]


def test_a_known_customers_details_do_not_change(desk: ImportDesk) -> None:
    with desk.database.writing() as session:
        desk.customers.ensure(session, "cust_1", Person("Ada"), actor="api")
    desk.bring("tickets", json_lines(past(turn(1, 0, author_name="Eve"))))
    with desk.database.reading() as session:
        assert session.get_one(Customer, "cust_1").name == "Ada"

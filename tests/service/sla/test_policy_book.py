"""The policies that hold: those of the migration first, remembered for seconds, dropped at a change."""

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from service.database import Database
from service.errors import NotFound
from service.events import EventLog
from service.sla.policies import Target
from service.sla.queries import PolicyPage
from service.sla.services import (
    CalendarChange,
    CalendarService,
    NewCalendar,
    NewPolicy,
    PolicyBook,
    PolicyChange,
    PolicyService,
    facts_of,
)
from service.sla.services.book import REMEMBERED_S
from service.sla.working_time import Kind, elapsed, working_segments
from service.tickets.models import Priority, Ticket
from tests.service.persistence.rows import customer, team, ticket

HOUR = timedelta(hours=1)
FIRST = {
    "Urgent": (30, 8 * 60),
    "High": (2 * 60, 24 * 60),
    "Normal": (8 * 60, 48 * 60),
    "Low": (24 * 60, 7 * 24 * 60),
}
"""Minutes until the first response and the resolution."""

VALUES = {
    "priorities": ["urgent"],
    "channels": [],
    "all_tags": [],
    "any_tags": [],
    "departments": ["After Sales"],
    "min_lifetime_value": Decimal("499.5"),
    "min_churn_risk": None,
    "calendar_id": "calendar_always",
    "first_response_minutes": None,
    "next_response_minutes": 45,
    "resolution_minutes": None,
    "warning_share": 0.5,
}


@pytest.fixture
def book(database: Database, clock):
    return PolicyBook(database, clock)


@pytest.fixture
def elsewhere(database: Database, clock):
    """Policies and calendars as another process changes them."""
    remembering = PolicyBook(database, clock)
    return (
        PolicyService(database, EventLog(), remembering, clock),
        CalendarService(database, EventLog(), remembering, clock),
    )


def names(book):
    return [policy.name for policy in book.policies().in_order]


def test_a_new_desk_promises_by_priority_around_the_clock(book):
    promised = {
        policy.name: tuple(
            policy.targets[target] / timedelta(minutes=1)
            for target in (Target.FIRST_RESPONSE, Target.RESOLUTION)
        )
        for policy in book.policies().in_order
    }
    assert promised == FIRST
    assert list(promised) == list(FIRST)
    for policy in book.policies().in_order:
        assert policy.conditions.priorities == {Priority(policy.name.lower())}
        assert Target.NEXT_RESPONSE not in policy.targets
        assert policy.warning_share == 0.8
        began = datetime(2026, 3, 1, tzinfo=UTC)
        assert elapsed(policy.calendar, began, began + 900 * HOUR) == 900 * HOUR


def test_a_policy_is_told_with_all_that_was_kept_of_it(book, elsewhere):
    policies, calendars = elsewhere
    office = calendars.create(
        NewCalendar(
            name="Office",
            time_zone="Europe/Vienna",
            hours={"monday": [{"from": "22:00", "to": "24:00"}]},
            country="AT",
            holidays=[{"date": "2026-02-03", "name": "Outing"}],
            exceptions=[{"date": "2026-02-09", "name": None, "hours": []}],
        ),
        actor="cli:kim",
    )
    policies.create(NewPolicy(values=VALUES | {"name": "VIP", "calendar_id": office.id}), actor="cli:kim")
    policy = book.policies().in_order[0]
    assert (policy.name, policy.version, policy.calendar_id) == ("VIP", 1, office.id)
    assert policy.conditions.departments == {"after sales"}
    assert policy.conditions.min_lifetime_value == Decimal("499.5")
    assert dict(policy.targets) == {Target.NEXT_RESPONSE: timedelta(minutes=45)}
    assert policy.calendar == book.calendar(office.id)
    begin = datetime(2026, 2, 2, tzinfo=UTC)
    told = [
        (segment.kind, segment.name)
        for segment in working_segments(policy.calendar, begin, begin + timedelta(days=8))
    ]
    assert told.count((Kind.WORKING, None)) == 1  # of two Mondays
    assert (Kind.HOLIDAY, "Outing") in told
    assert policy.calendar.holidays.name_of(date(2026, 12, 25)) == "Christmas Day"


def test_policies_are_read_once_and_then_for_seconds_not_again(book, elsewhere, clock, statements):
    policies, _ = elsewhere
    names(book)
    with statements() as seen:
        names(book)
        book.calendar("calendar_always")
    assert not seen
    policies.delete("policy_low", actor="cli:kim")
    clock.advance(REMEMBERED_S - 0.1)
    assert "Low" in names(book)
    clock.advance(0.2)
    assert "Low" not in names(book)


def test_a_calendar_is_read_again_only_where_it_changed(book, elsewhere, clock, statements):
    _, calendars = elsewhere
    kept = book.calendar("calendar_always")
    clock.advance(REMEMBERED_S)
    with statements() as seen:
        assert book.calendar("calendar_always") is kept
    assert not any("exceptions" in statement for statement in seen)
    calendars.change("calendar_always", CalendarChange(values={"time_zone": "Asia/Tokyo"}), actor="cli:kim")
    clock.advance(REMEMBERED_S)
    assert book.calendar("calendar_always").time_zone == "Asia/Tokyo"
    assert book.policies().in_order[0].calendar_version == 2


def test_what_changes_here_is_known_at_once(book, database: Database, clock):
    policies = PolicyService(database, EventLog(), book, clock)
    calendars = CalendarService(database, EventLog(), book, clock)
    names(book)
    policies.change("policy_low", PolicyChange(values={"name": "Slow"}), actor="cli:kim")
    assert names(book)[-1] == "Slow"
    policies.reorder(["policy_low", "policy_high", "policy_normal", "policy_urgent"], actor="cli:kim")
    assert names(book) == ["Slow", "High", "Normal", "Urgent"]
    new = NewCalendar(name="Office", time_zone="UTC", hours={})
    office = calendars.create(new, actor="cli:kim")
    assert book.calendar(office.id) is not None
    calendars.delete(office.id, actor="cli:kim")
    assert book.calendar(office.id) is None
    with pytest.raises(NotFound):
        calendars.read(office.id)


def test_what_was_read_before_a_change_is_not_remembered_after_it(database: Database, elsewhere, clock):
    class ChangedMeanwhile:
        """A database of which the policies change just after they were read."""

        @contextmanager
        def reading(self):
            with database.reading() as session:
                yield session
            if "Low" in [row.name for row in policies.listing(PolicyPage()).rows]:
                policies.delete("policy_low", actor="cli:kim")
                book.forget()

    policies, _ = elsewhere
    book = PolicyBook(ChangedMeanwhile(), clock)
    assert "Low" in names(book)
    assert "Low" not in names(book)


def test_the_facts_of_tickets_are_told_with_the_departments_of_their_teams(database: Database, statements):
    ada, sales = customer(), team(department="After Sales")
    rows = [
        ticket(ada, team_id=sales.id, tags={"vip"}, churn_risk=0.5, lifetime_value=Decimal(900)),
        ticket(ada, priority="urgent", channel="sms"),
    ]
    with database.writing() as session:
        session.add_all([ada, sales])
    with database.writing() as session:
        session.add_all(rows)
    with database.reading() as session:
        tickets = [session.get(Ticket, row.id) for row in rows]
        with statements() as seen:
            first, second = facts_of(session, tickets)
    assert len(seen) == 1
    assert (first.department, first.tags, first.churn_risk) == ("After Sales", {"vip"}, 0.5)
    assert first.lifetime_value == Decimal(900)
    assert (second.department, second.priority, second.channel) == (None, "urgent", "sms")

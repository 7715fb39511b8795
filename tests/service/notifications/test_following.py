"""Who is told of what: the rules over events, on both databases."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from providers.testing.fakes import FakeClock
from service.database import Database
from service.events import EventLog
from service.feed.following import FedEvent
from service.feed.services import Feed
from service.notifications.following import MOST_AT_ONCE, NotificationFollower, WebhookFollower
from service.notifications.models import NotificationRule
from service.outbox.models import OutboxEntry
from service.outbox.services import Outbox
from service.sla.working_time import Calendar, Interval
from tests.service.notifications.events import fed
from tests.service.persistence import rows

OFFICE = Calendar("UTC", {weekday: (Interval(9 * 60, 17 * 60),) for weekday in range(5)})
SHUT = Calendar("UTC", {})
NIGHT = datetime(2026, 2, 3, 22, tzinfo=UTC)
"""Of a Tuesday."""

MORNING = datetime(2026, 2, 4, 9, tzinfo=UTC)
ALL_CHANNELS = ("log", "email", "slack")


class Desk:
    """A ticket of Kim's, in a team that Lee leads, with Max as manager."""

    def __init__(self, database: Database, now: datetime = NIGHT, **ticket: Any) -> None:
        self.database = database
        self.now = now
        self.position = 0
        ada = rows.customer()
        self.kim, self.lee = rows.agent(), rows.agent(role="team_lead")
        self.max, self.gone = rows.agent(role="manager"), rows.agent(role="manager", active=False)
        self.team = rows.team(lead_id=self.lee.id)
        self.ticket = rows.ticket(ada, **{"assigned_to": self.kim.id, "team_id": self.team.id} | ticket)
        with database.writing() as session:
            session.execute(delete(NotificationRule))
            session.add_all([ada, self.kim, self.lee, self.max, self.gone])
            session.flush()
            session.add_all([self.team])
            session.flush()
            session.add_all([self.ticket])

    def rule(
        self, occasion: str, *recipients: str, channels: Sequence[str] = ("email",), **fields: Any
    ) -> None:
        with self.database.writing() as session:
            session.add(
                rows.notification_rule(
                    occasion=occasion, recipients=list(recipients), channels=list(channels), **fields
                )
            )

    def event(self, kind: str, *, at: datetime | None = None, **fields: Any) -> FedEvent:
        self.position += 1
        ids = {"subject_id": self.ticket.id, "ticket_id": self.ticket.id, "position": self.position}
        return fed(kind, **ids | {"at": at or self.now} | fields)

    def follow(self, *events: FedEvent, channels: Sequence[str] = ALL_CHANNELS) -> None:
        with self.database.writing() as session:
            self.follower(channels).follow(session, events)

    def wants(self, *channels: str) -> bool:
        with self.database.writing() as session:
            return self.follower(channels).wants(session)

    def follower(self, channels: Sequence[str]) -> NotificationFollower:
        calendars: Mapping[str, Calendar] = {"calendar_office": OFFICE, "calendar_shut": SHUT}
        return NotificationFollower(
            self.outbox(),
            _At(self.now),
            calendars.get,
            channels=channels,
            max_age=timedelta(hours=24),
            high_churn_risk=0.7,
        )

    def outbox(self) -> Outbox:
        return Outbox(self.database, Feed(), EventLog(), _At(self.now))

    def entries(self) -> list[OutboxEntry]:
        with self.database.reading() as session:
            order = (OutboxEntry.position, OutboxEntry.channel, OutboxEntry.target)
            return list(session.scalars(select(OutboxEntry).order_by(*order)))

    def told(self) -> set[tuple[str, str]]:
        """Channel and target."""
        return {(entry.channel, entry.target) for entry in self.entries()}


class _At(FakeClock):
    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._at = now

    def now(self) -> datetime:
        return self._at


def to(*agents: Any) -> set[tuple[str, str]]:
    return {("email", agent.id) for agent in agents}


# ---------------------------------------------------------------- who hears of what


@pytest.mark.parametrize("occasion", ["sla.warning", "sla.breached", "ticket.assigned"])
def test_each_recipient_is_told_once(database: Database, occasion: str) -> None:
    desk = Desk(database)
    desk.rule(occasion, "assignee", "team_lead", "managers", f"agent:{desk.kim.id}")
    desk.rule(occasion, "assignee", channels=["email", "log", "slack:late-shift"])
    event = desk.event(occasion, after={"target": "resolution"})
    desk.follow(event)
    desk.follow(event)
    assert desk.told() == to(desk.kim, desk.lee, desk.max) | {("log", "desk"), ("slack", "late-shift")}
    assert len(desk.entries()) == 5
    assert {entry.address["occasion"] for entry in desk.entries() if entry.address} == {occasion}


def test_whom_an_event_names_is_told_though_the_ticket_moved_on(database: Database) -> None:
    desk = Desk(database)
    desk.rule("ticket.assigned", "assignee")
    desk.rule("sla.breached", "assignee", "team_lead")
    other, alone = rows.team(lead_id=desk.max.id), desk.lee
    with database.writing() as session:
        session.add(other)
    named = {"agent_id": alone.id, "team_id": other.id}
    desk.follow(desk.event("ticket.assigned", after=named))
    assert desk.told() == to(alone)
    desk.follow(desk.event("sla.breached", after=named))
    assert desk.told() == to(alone, desk.max)


@pytest.mark.parametrize(
    ("kind", "after", "risk", "occasions"),
    [
        ("ticket.created", {"priority": "urgent"}, None, {"urgent_ticket"}),
        ("ticket.updated", {"priority": "urgent"}, 0.9, {"urgent_ticket"}),
        ("ticket.updated", {"status": "open"}, 0.9, set()),
        ("ticket.created", {"priority": "low"}, 0.7, {"churn_risk"}),
        ("ticket.created", {"priority": "low"}, 0.69, set()),
        ("ticket.created", {"priority": "low"}, None, set()),
        ("ticket.created", {"priority": "urgent"}, 0.9, {"urgent_ticket"}),
    ],
)
def test_urgent_tickets_and_those_of_who_may_leave_are_told(
    database: Database, kind: str, after: dict[str, Any], risk: float | None, occasions: set[str]
) -> None:
    desk = Desk(database, churn_risk=risk)
    for occasion in ("urgent_ticket", "churn_risk"):
        desk.rule(occasion, "assignee")
    desk.follow(desk.event(kind, after=after))
    assert {entry.address["occasion"] for entry in desk.entries() if entry.address} == occasions


def test_who_did_it_and_who_is_not_there_any_more_are_not_told(database: Database) -> None:
    desk = Desk(database)
    desk.rule("ticket.assigned", "assignee", "managers", f"agent:{desk.gone.id}")
    desk.follow(desk.event("ticket.assigned", actor=f"agent:{desk.kim.id}", after={"agent_id": desk.kim.id}))
    assert desk.told() == to(desk.max)


def test_a_label_is_nobody_who_could_be_told(database: Database) -> None:
    desk = Desk(database, assigned_to="night shift", team_id=None)
    desk.rule("sla.warning", "assignee", "team_lead")
    desk.follow(desk.event("sla.warning"))
    assert desk.told() == set()


@pytest.mark.parametrize("ticket", [{"status": "resolved"}, {"status": "closed"}, {"deleted_at": NIGHT}])
def test_what_is_settled_by_now_is_told_to_nobody(database: Database, ticket: dict[str, Any]) -> None:
    desk = Desk(database, **ticket)
    desk.rule("sla.breached", "assignee", channels=["email", "log"])
    desk.follow(desk.event("sla.breached"))
    assert desk.told() == set()


def test_events_are_wanted_while_a_rule_names_a_channel_that_is_on(database: Database) -> None:
    desk = Desk(database)
    desk.rule("ticket.assigned", "assignee", channels=("email",), enabled=False)
    desk.rule("ticket.assigned", "assignee", channels=("slack:floor",))
    assert (desk.wants("slack"), desk.wants("email", "log"), desk.wants()) == (True, False, False)


def test_a_rule_or_a_channel_that_is_off_tells_nobody(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", enabled=False)
    desk.rule("sla.breached", "managers", channels=["email", "slack:late-shift", "log"])
    desk.follow(desk.event("sla.breached"), channels=["log", "webhook"])
    assert desk.told() == {("log", "desk")}


# ---------------------------------------------------------------- when


@pytest.mark.parametrize(
    ("calendar_id", "not_before"),
    [(None, None), ("calendar_office", MORNING), ("calendar_shut", None), ("calendar_gone", None)],
)
def test_people_are_told_at_once_or_when_they_work(
    database: Database, calendar_id: str | None, not_before: datetime | None
) -> None:
    desk = Desk(database)
    desk.rule("sla.warning", "assignee", calendar_id=calendar_id)
    desk.follow(desk.event("sla.warning"))
    (entry,) = desk.entries()
    assert entry.not_before == not_before


def test_in_working_hours_nobody_waits(database: Database) -> None:
    desk = Desk(database, now=MORNING + timedelta(hours=1))
    desk.rule("sla.warning", "assignee", calendar_id="calendar_office")
    desk.follow(desk.event("sla.warning"))
    assert desk.entries()[0].not_before is None


def test_what_is_long_past_is_told_to_nobody(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee")
    long_past = NIGHT - timedelta(hours=25)
    desk.follow(
        desk.event("sla.breached", at=long_past),
        desk.event("sla.breached", after={"happened_at": long_past.isoformat(), "late": True}),
    )
    assert desk.told() == set()
    desk.follow(desk.event("sla.breached", after={"happened_at": (NIGHT - timedelta(hours=23)).isoformat()}))
    assert desk.told() == to(desk.kim)


def test_a_flood_is_one_digest_for_each_who_would_drown(database: Database) -> None:
    desk = Desk(database)
    desk.rule("sla.breached", "assignee", channels=["email", "log"])
    desk.rule("sla.warning", "managers")
    breaches = [desk.event("sla.breached") for _ in range(MOST_AT_ONCE + 1)]
    warnings = [desk.event("sla.warning") for _ in range(MOST_AT_ONCE)]
    desk.follow(*breaches, *warnings)
    digests = [entry for entry in desk.entries() if entry.address and "digest" in entry.address]
    assert {(entry.channel, entry.target) for entry in digests} == to(desk.kim) | {("log", "desk")}
    assert all(entry.address == {"digest": {"sla.breached": MOST_AT_ONCE + 1}} for entry in digests)
    assert len(desk.entries()) == 2 + MOST_AT_ONCE


# ---------------------------------------------------------------- webhooks


def test_each_endpoint_that_listens_gets_what_it_asked_for_once(database: Database) -> None:
    desk = Desk(database)
    all_of_it, of_sla = rows.webhook_endpoint(event_types=["*"]), rows.webhook_endpoint(event_types=["sla.*"])
    off = rows.webhook_endpoint(event_types=["*"], enabled=False)
    with database.writing() as session:
        session.add_all([all_of_it, of_sla, off])
    test = desk.event("webhook.test", subject_type="webhook", subject_id=of_sla.id, ticket_id=None)
    events = [desk.event("ticket.created"), desk.event("sla.breached"), desk.event("auth.signed_in"), test]
    for _ in range(2):
        with database.writing() as session:
            WebhookFollower(desk.outbox()).follow(session, events)
    told = {(entry.target, entry.position) for entry in desk.entries()}
    assert told == {(of_sla.id, 1), (all_of_it.id, 2), (all_of_it.id, 3), (of_sla.id, 3)}
    assert len(desk.entries()) == 4


def test_events_are_wanted_while_an_endpoint_listens(database: Database) -> None:
    follower = WebhookFollower(Desk(database).outbox())
    for enabled in (False, True):
        with database.writing() as session:
            session.add(rows.webhook_endpoint(enabled=enabled))
        with database.reading() as session:
            assert follower.wants(session) is enabled


def test_what_happened_before_a_webhook_was_made_is_not_told_to_it(database: Database) -> None:
    desk = Desk(database)
    with database.writing() as session:
        session.add(rows.webhook_endpoint(event_types=["*"], created_at=NIGHT))
    before = desk.event("ticket.created", at=NIGHT - timedelta(seconds=1))
    events = [before, desk.event("message.added", at=NIGHT)]
    with database.writing() as session:
        WebhookFollower(desk.outbox()).follow(session, events)
    assert [entry.position for entry in desk.entries()] == [events[1].position]

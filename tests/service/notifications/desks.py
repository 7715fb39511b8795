"""A desk whose rules a test makes, and whose time it says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from providers.testing.fakes import FakeClock
from service.database import Database
from service.events import EventLog, EventType, about_ticket
from service.feed.following import FedEvent
from service.feed.relay import Relay
from service.feed.services import Feed
from service.notifications.following import NotificationFollower
from service.notifications.holding import HeldNotices
from service.notifications.models import HeldNotice, NotificationRule
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
        ada = self.ada = rows.customer()
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
            At(self.now),
            calendars.get,
            channels=channels,
            max_age=timedelta(hours=24),
        )

    def outbox(self) -> Outbox:
        return Outbox(self.database, Feed(), EventLog(), At(self.now))

    def held(self) -> list[HeldNotice]:
        with self.database.reading() as session:
            return list(session.scalars(select(HeldNotice).order_by(HeldNotice.position, HeldNotice.target)))

    def happens(self, kind: EventType, count: int = 1, ticket: Any = None) -> list[FedEvent]:
        """As `event`, and the feed has it."""
        of = (ticket or self.ticket).id
        with self.database.writing() as session:
            told = [about_ticket(kind, of, actor="service", at=self.now) for _ in range(count)]
            EventLog().record_all(session, told)
        Relay(self.database).number()
        with self.database.reading() as session:
            feed = Feed()
            newest = feed.position(session)
            return list(feed.read(session, newest - count, count))

    def work_begins(self, at: datetime) -> int:
        """How many notices had waited for it."""
        self.now = at
        max_age = timedelta(hours=24)
        held = HeldNotices(self.database, Feed(), self.outbox(), At(at), max_age=max_age)
        return held.run()["notices"]

    def entries(self) -> list[OutboxEntry]:
        with self.database.reading() as session:
            order = (OutboxEntry.position, OutboxEntry.channel, OutboxEntry.target)
            return list(session.scalars(select(OutboxEntry).order_by(*order)))

    def occasions(self, agent: Any = None) -> set[str]:
        """That anybody, or that agent, is told of."""
        entries = [entry for entry in self.entries() if agent is None or entry.target == agent.id]
        return {entry.address.get("occasion", "digest") for entry in entries if entry.address}

    def told(self) -> set[tuple[str, str]]:
        """Channel and target."""
        return {(entry.channel, entry.target) for entry in self.entries()}


class At(FakeClock):
    def __init__(self, now: datetime) -> None:
        super().__init__()
        self._at = now

    def now(self) -> datetime:
        return self._at


def to(*agents: Any) -> set[tuple[str, str]]:
    return {("email", agent.id) for agent in agents}

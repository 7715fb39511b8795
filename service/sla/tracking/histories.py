"""Statements that read what became of tickets, as far as it moves a promise: four, however many tickets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, and_, false, func, or_, select
from sqlalchemy.orm import Session

from service.agents.models import Team
from service.among import Among
from service.events import TICKET_CREATED, TICKET_DELETED, TICKET_RESTORED, TICKET_UPDATED, StoredEvent
from service.sla.policies import TicketFacts
from service.sla.timeline import DELETED, History, Moved, Said
from service.sla.working_time import Span
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Message, Priority, Ticket, TicketTag
from service.tickets.ownership import AN_AGENTS

_TICKETS = (
    select(
        Ticket.id,
        Ticket.status,
        Ticket.priority,
        Ticket.channel,
        Ticket.assigned_to,
        Ticket.team_id,
        Ticket.owned_by,
        Ticket.churn_risk,
        Ticket.lifetime_value,
        Ticket.service_level_score,
        Ticket.first_response_at,
        Ticket.deleted_at,
        Ticket.created_at,
        Ticket.updated_at,
        Team.department,
    )
    .outerjoin(Team, Team.id == Ticket.team_id)
    .where(Among(Ticket.id, "ids"))
)
_TAGS = select(TicketTag.ticket_id, TicketTag.tag).where(Among(TicketTag.ticket_id, "ids"))


def _before(what: Any) -> Any:
    """As it was of the message before, of the same ticket."""
    in_turn = (Message.created_at, Message.sequence)
    return func.lag(what).over(partition_by=Message.ticket_id, order_by=in_turn)


_after_first_response = func.coalesce(Message.created_at > Ticket.first_response_at, false())
_said = (
    select(
        Message.ticket_id,
        Message.created_at,
        Message.sequence,
        Message.from_agent,
        _after_first_response.label("after"),
        _before(Message.from_agent).label("by_before"),
        _before(_after_first_response).label("after_before"),
    )
    .join(Ticket, Ticket.id == Message.ticket_id)
    .where(Among(Message.ticket_id, "ids"), Message.deleted_at.is_(None))
    .subquery()
)
_TURNS = (
    select(_said.c.ticket_id, _said.c.created_at, _said.c.from_agent)
    .where(
        or_(
            _said.c.by_before.is_distinct_from(_said.c.from_agent),
            _said.c.after_before.is_distinct_from(_said.c.after),
        )
    )
    .order_by(_said.c.created_at, _said.c.sequence)
)
"""The first that one side said in a row, and of it the first after the first response, which may be gone."""

_status = StoredEvent.after["status"].as_string()
_EVENTS = (
    select(
        StoredEvent.ticket_id,
        StoredEvent.type,
        StoredEvent.at,
        StoredEvent.before["status"].as_string().label("before"),
        _status.label("after"),
        StoredEvent.after["created_at"].as_string().label("told_created_at"),
    )
    .where(
        Among(StoredEvent.ticket_id, "ids"),  # type: ignore[arg-type]  # one without a ticket is among none
        or_(
            StoredEvent.type.in_([TICKET_CREATED.name, TICKET_DELETED.name, TICKET_RESTORED.name]),
            and_(StoredEvent.type == TICKET_UPDATED.name, _status.is_not(None)),
        ),
    )
    .order_by(StoredEvent.at, StoredEvent.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedTicket:
    """A ticket, deleted or not, with its history. `agent_id`: who has it, where that is an agent.

    `changed_at`: when somebody changed it, or wrote in it, last.
    """

    id: str
    facts: TicketFacts
    history: History
    team_id: str | None
    agent_id: str | None
    owned_by: str
    score: float
    settled: bool
    deleted: bool
    changed_at: datetime

    @property
    def priority(self) -> Priority:
        return self.facts.priority


def tracked(session: Session, ticket_ids: Sequence[str], since: datetime | None) -> list[TrackedTicket]:
    """Those that are there, by id. `since`: nothing was promised before it."""
    connection, ids = session.connection(), {"ids": list(ticket_ids)}
    tags, turns, events = (
        _by_ticket(connection.execute(statement, ids).all()) for statement in (_TAGS, _TURNS, _EVENTS)
    )
    rows = connection.execute(_TICKETS, ids).all()
    return [
        _tracked(row, tags[row.id], turns[row.id], events[row.id], since)
        for row in sorted(rows, key=lambda row: str(row.id))
    ]


def _by_ticket(rows: Sequence[Row[Any]]) -> Mapping[str, list[Row[Any]]]:
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.ticket_id].append(row)
    return found


def _tracked(
    row: Row[Any],
    tags: Sequence[Row[Any]],
    turns: Sequence[Row[Any]],
    events: Sequence[Row[Any]],
    since: datetime | None,
) -> TrackedTicket:
    facts = TicketFacts(
        priority=row.priority,
        channel=row.channel,
        tags=frozenset(tag.tag for tag in tags),
        lifetime_value=None if row.lifetime_value is None else Decimal(row.lifetime_value),
        churn_risk=row.churn_risk,
        department=row.department,
    )
    history = History(
        created_at=row.created_at,
        moves=_moves(row, events),
        said=[Said(turn.created_at, bool(turn.from_agent)) for turn in turns],
        first_response_at=row.first_response_at,
        deleted=list(_deleted(row, events)),
        promised_from=_promised_from(row, events, since),
    )
    return TrackedTicket(
        id=row.id,
        facts=facts,
        history=history,
        team_id=row.team_id,
        agent_id=row.assigned_to if AN_AGENTS.fullmatch(row.assigned_to or "") else None,
        owned_by=row.owned_by,
        score=row.service_level_score,
        settled=row.status not in UNSETTLED,
        deleted=row.deleted_at is not None,
        changed_at=row.updated_at,
    )


def _moves(row: Row[Any], events: Sequence[Row[Any]]) -> list[Moved]:
    changes = [event for event in events if event.type == TICKET_UPDATED.name]
    first = str(changes[0].before if changes else row.status)
    return [Moved(row.created_at, first), *(Moved(event.at, event.after) for event in changes)]


def _deleted(row: Row[Any], events: Sequence[Row[Any]]) -> Iterator[Span]:
    begin: datetime | None = None
    for event in events:
        if event.type == TICKET_DELETED.name and begin is None:
            begin = event.at
        elif event.type == TICKET_RESTORED.name and begin is not None:
            yield Span(begin, event.at, DELETED)
            begin = None
    if row.deleted_at is not None:
        yield Span(begin or row.deleted_at, None, DELETED)


def _promised_from(row: Row[Any], events: Sequence[Row[Any]], since: datetime | None) -> datetime | None:
    """A ticket that was brought from elsewhere was promised nothing before it came."""
    brought = [event.at for event in events if event.told_created_at is not None]
    if since is not None and row.created_at < since:
        brought.append(since)
    return max(brought, default=None)

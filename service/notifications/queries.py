"""Statements of webhooks and rules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from service.agents.models import Agent, Team
from service.events import TICKET_RISK_RAISED, StoredEvent
from service.http.pagination import Page
from service.notifications.models import (
    Disabled,
    HeldNotice,
    NotificationRule,
    WebhookAttempt,
    WebhookEndpoint,
)
from service.outbox.models import OutboxEntry
from service.permissions import Role
from service.tickets.models import Ticket
from service.writes import Write, recorded, write

T = TypeVar("T")

WEBHOOK = "webhook"
"""The channel of the outbox whose targets are endpoints."""
_HELD: Any = HeldNotice.__table__
HOLD = Write(
    table=_HELD.name,
    of_json=recorded(_HELD, ("channel", "target", "position", "ticket_id", "occasion", "not_before"))
    + " ON CONFLICT (channel, target, position) DO NOTHING",
    one_by_one=sqlite.insert(_HELD).on_conflict_do_nothing().inline(),
)

MOST_MANAGERS = 50
PRUNED_AT_ONCE = 1_000
UNSYNCHRONISED = {"synchronize_session": False}

_LISTENING = select(literal(1)).select_from(WebhookEndpoint).where(WebhookEndpoint.enabled).limit(1)
_CHANNELS = select(NotificationRule.channels).where(NotificationRule.enabled)


# ---------------------------------------------------------------- endpoints


def endpoints_page(session: Session, page: Page) -> Sequence[WebhookEndpoint]:
    """The oldest first; one row more than the page has, where there is a next one."""
    place = (WebhookEndpoint.created_at, WebhookEndpoint.id)
    return session.scalars(_one_page(select(WebhookEndpoint), page, place)).all()


def count_endpoints(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0


def held_endpoint(session: Session, endpoint_id: str) -> WebhookEndpoint | None:
    """Until the transaction ends."""
    return session.scalar(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update())


def keep(session: Session, endpoint_id: str) -> bool:
    """Whether it is there; then nobody deletes it before the transaction ends."""
    those = select(WebhookEndpoint.id).where(WebhookEndpoint.id == endpoint_id)
    return session.scalar(those.with_for_update(read=True, key_share=True)) is not None


def listening(session: Session) -> Sequence[Row[tuple[str, list[str], datetime]]]:
    """`id`, `event_types` and `created_at` of each endpoint that is enabled."""
    endpoint = WebhookEndpoint
    return session.execute(
        select(endpoint.id, endpoint.event_types, endpoint.created_at).where(endpoint.enabled)
    ).all()


def anybody_listens(session: Session) -> bool:
    """Whether an endpoint is enabled."""
    return session.connection().scalar(_LISTENING) is not None


def to_listeners() -> ColumnElement[bool]:
    """Of what is in the outbox, all but what is for a webhook that is disabled, or not there any more."""
    listeners = select(WebhookEndpoint.id).where(WebhookEndpoint.enabled)
    return or_(OutboxEntry.channel != WEBHOOK, OutboxEntry.target.in_(listeners))


def to_nobody() -> ColumnElement[bool]:
    """What is for a webhook that is not there any more."""
    return and_(OutboxEntry.channel == WEBHOOK, OutboxEntry.target.not_in(select(WebhookEndpoint.id)))


def note_success(session: Session, endpoint_id: str) -> None:
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.failing_since.is_not(None))
        .values(failing_since=None),
        execution_options=UNSYNCHRONISED,
    )


def note_failure(session: Session, endpoint_id: str, at: datetime) -> None:
    session.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.failing_since.is_(None))
        .values(failing_since=at),
        execution_options=UNSYNCHRONISED,
    )


def disable(
    session: Session,
    endpoint_id: str,
    because: Disabled,
    at: datetime,
    *,
    failing_before: datetime | None = None,
) -> bool:
    """Whether this did it. With `failing_before`, only one that has failed since then or earlier."""
    statement = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.enabled)
    if failing_before is not None:
        statement = statement.where(WebhookEndpoint.failing_since <= failing_before)
    done = statement.values(
        enabled=False, disabled_because=because, disabled_at=at, version=WebhookEndpoint.version + 1
    ).returning(WebhookEndpoint.id)
    return session.scalar(done, execution_options=UNSYNCHRONISED) is not None


# ---------------------------------------------------------------- attempts


def add_attempt(session: Session, **values: Any) -> None:
    session.add(WebhookAttempt(**values))


def attempts_page(session: Session, endpoint_id: str, page: Page) -> Sequence[WebhookAttempt]:
    """The newest first; one row more than the page has, where there is a next one."""
    statement = select(WebhookAttempt).where(WebhookAttempt.endpoint_id == endpoint_id)
    if page.cursor:
        last = tuple_(
            literal(page.cursor.at, WebhookAttempt.at.type),
            literal(page.cursor.number, WebhookAttempt.id.type),
        )
        statement = statement.where(tuple_(WebhookAttempt.at, WebhookAttempt.id) < last)
    newest = statement.order_by(WebhookAttempt.at.desc(), WebhookAttempt.id.desc())
    return session.scalars(newest.limit(page.limit + 1).offset(page.offset)).all()


def count_attempts(session: Session, endpoint_id: str, most: int) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    some = (
        select(literal(1))
        .select_from(WebhookAttempt)
        .where(WebhookAttempt.endpoint_id == endpoint_id)
        .limit(most + 1)
        .subquery()
    )
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return min(found, most), found > most


def outbox_entries(session: Session, ids: Collection[str]) -> Mapping[str, OutboxEntry]:
    """By id; those that the outbox no longer has are not there."""
    found = session.scalars(select(OutboxEntry).where(OutboxEntry.id.in_(ids)))
    return {entry.id: entry for entry in found}


def is_delivery_to(session: Session, endpoint_id: str, delivery_id: str) -> bool:
    entry = session.get(OutboxEntry, delivery_id)
    return entry is not None and (entry.channel, entry.target) == (WEBHOOK, endpoint_id)


def prune_attempts(session: Session, before: datetime) -> int:
    """A bounded number of the oldest; how many."""
    oldest = (
        select(WebhookAttempt.id)
        .where(WebhookAttempt.at < before)
        .order_by(WebhookAttempt.at)
        .limit(PRUNED_AT_ONCE)
    )
    gone = session.scalars(
        delete(WebhookAttempt).where(WebhookAttempt.id.in_(oldest)).returning(WebhookAttempt.id),
        execution_options=UNSYNCHRONISED,
    )
    return len(gone.all())


# ---------------------------------------------------------------- rules


def rules_page(session: Session, page: Page) -> Sequence[NotificationRule]:
    """The oldest first; one row more than the page has, where there is a next one."""
    place = (NotificationRule.created_at, NotificationRule.id)
    return session.scalars(_one_page(select(NotificationRule), page, place)).all()


def count_rules(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(NotificationRule)) or 0


def held_rule(session: Session, rule_id: str) -> NotificationRule | None:
    """Until the transaction ends."""
    return session.scalar(select(NotificationRule).where(NotificationRule.id == rule_id).with_for_update())


def rules_in_force(session: Session) -> Sequence[NotificationRule]:
    """In the order in which they were made."""
    return session.scalars(
        select(NotificationRule)
        .where(NotificationRule.enabled)
        .order_by(NotificationRule.created_at, NotificationRule.id)
    ).all()


def channels_in_force(session: Session) -> Sequence[list[str]]:
    """Of each rule."""
    return session.connection().scalars(_CHANNELS).all()


def rule_with_calendar(session: Session, calendar_id: str) -> NotificationRule | None:
    """In force or not, the oldest of them."""
    return session.scalar(
        select(NotificationRule)
        .where(NotificationRule.calendar_id == calendar_id)
        .order_by(NotificationRule.created_at, NotificationRule.id)
        .limit(1)
    )


# ---------------------------------------------------------------- what waits until people work


def hold(session: Session, notices: Sequence[Mapping[str, Any]]) -> None:
    """With the end of the transaction. The same event for the same target again changes nothing."""
    write(session, HOLD, notices)


def any_held(session: Session, until: datetime) -> bool:
    held = select(HeldNotice.id).where(HeldNotice.not_before <= until).limit(1)
    return session.scalar(held) is not None


def next_held(session: Session, until: datetime, limit: int) -> Sequence[HeldNotice]:
    """Of whoever has waited longest, in the order of events: the caller's until the transaction ends."""
    notice = HeldNotice
    waited = select(notice.channel, notice.target).where(notice.not_before <= until)
    longest = session.execute(waited.order_by(notice.not_before).limit(1)).first()
    if longest is None:
        return ()
    theirs = select(notice).where(
        notice.channel == longest.channel, notice.target == longest.target, notice.not_before <= until
    )
    return session.scalars(theirs.order_by(notice.position).limit(limit).with_for_update()).all()


def let_go(session: Session, notice_ids: Collection[int]) -> None:
    session.execute(delete(HeldNotice).where(HeldNotice.id.in_(notice_ids)), execution_options=UNSYNCHRONISED)


# ---------------------------------------------------------------- who and what it is about


def tickets_told_of(session: Session, ids: Iterable[str]) -> Mapping[str, Row[Any]]:
    """By id, those that are not deleted: `status`, `assigned_to`, `team_id`."""
    rows = session.execute(
        select(Ticket.id, Ticket.status, Ticket.assigned_to, Ticket.team_id).where(
            Ticket.id.in_(sorted(ids)), Ticket.deleted_at.is_(None)
        )
    )
    return {row.id: row for row in rows}


def tickets_by_id(session: Session, ids: Collection[str]) -> Mapping[str, Ticket]:
    if not ids:
        return {}
    return {ticket.id: ticket for ticket in session.scalars(select(Ticket).where(Ticket.id.in_(sorted(ids))))}


def told_of_risk(session: Session, ticket_ids: Iterable[str]) -> frozenset[str]:
    """Those of which it was ever told that their customer is likely to leave."""
    told = select(StoredEvent.ticket_id).where(
        StoredEvent.ticket_id.in_(sorted(ticket_ids)), StoredEvent.type == TICKET_RISK_RAISED.name
    )
    return frozenset(ticket_id for ticket_id in session.scalars(told) if ticket_id is not None)


def leads_of(session: Session, team_ids: Iterable[str]) -> Mapping[str, str]:
    """By team, the id of who leads it."""
    rows = session.execute(
        select(Team.id, Team.lead_id).where(Team.id.in_(sorted(team_ids)), Team.lead_id.is_not(None))
    )
    return {row.id: str(row.lead_id) for row in rows}


def managers(session: Session) -> Sequence[str]:
    """Ids of those who are active, the longest there first; so many at most that nobody drowns a server."""
    return session.scalars(
        select(Agent.id)
        .where(Agent.role == Role.MANAGER, Agent.active)
        .order_by(Agent.created_at, Agent.id)
        .limit(MOST_MANAGERS)
    ).all()


def active_among(session: Session, agent_ids: Iterable[str]) -> frozenset[str]:
    return frozenset(session.scalars(select(Agent.id).where(Agent.id.in_(sorted(agent_ids)), Agent.active)))


def mail_address(session: Session, agent_id: str) -> str | None:
    """None for one who is not active any more."""
    return session.scalar(select(Agent.email).where(Agent.id == agent_id, Agent.active))


def _one_page(statement: Select[tuple[T]], page: Page, place: tuple[Any, Any]) -> Select[tuple[T]]:
    if page.cursor:
        last = tuple_(literal(page.cursor.at, place[0].type), literal(page.cursor.id))
        statement = statement.where(tuple_(*place) > last)
    return statement.order_by(*place).limit(page.limit + 1).offset(page.offset)

"""Statements over calendars and policies, and over the tickets that a change of them concerns."""

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import msgspec
from sqlalchemy import Row, Select, func, literal, select, text, tuple_
from sqlalchemy.orm import Session, load_only

from service.http.pagination import Cursor, Page, PageOf, packed, unpacked
from service.sla.models import StoredCalendar, StoredPolicy
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket, TicketStatus


@dataclass(frozen=True, slots=True)
class Position:
    """Of the last policy of the page before; `id` breaks ties."""

    number: int
    id: str

    def encode(self) -> str:
        return packed([self.number, self.id])


_Number = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]

_HOLD_POLICIES = text("LOCK TABLE sla_policies IN SHARE ROW EXCLUSIVE MODE")  # readers go on
_IN_ORDER = (StoredPolicy.position, StoredPolicy.id)


class PolicyPage(PageOf[Position]):
    """Of the policies in their order."""

    @classmethod
    def decoded(cls, cursor: str) -> Position:
        return Position(*unpacked(cursor, tuple[_Number, str]))


# ---------------------------------------------------------------- calendars


def calendars_page(session: Session, page: Page) -> Sequence[StoredCalendar]:
    """The oldest first; one row more than the page has, where there is a next one."""
    place = (StoredCalendar.created_at, StoredCalendar.id)
    statement = select(StoredCalendar)
    if page.cursor:
        last = tuple_(literal(page.cursor.at, StoredCalendar.created_at.type), literal(page.cursor.id))
        statement = statement.where(tuple_(*place) > last)
    return session.scalars(statement.order_by(*place).limit(page.limit + 1).offset(page.offset)).all()


def count_calendars(session: Session) -> int:
    """There are never many."""
    return session.scalar(select(func.count()).select_from(StoredCalendar)) or 0


def held_calendar(session: Session, calendar_id: str) -> StoredCalendar | None:
    """Until the transaction ends."""
    return session.scalar(_of_id(calendar_id).with_for_update())


def calendar_kept(session: Session, calendar_id: str) -> bool:
    """Whether it is there, and nobody then deletes it before the transaction ends."""
    held = _of_id(calendar_id).with_only_columns(StoredCalendar.id)
    return session.scalar(held.with_for_update(read=True, key_share=True)) is not None


def calendar_versions(session: Session) -> Sequence[Row[tuple[str, int]]]:
    """`id` and `version` of each."""
    return session.execute(select(StoredCalendar.id, StoredCalendar.version)).all()


def calendars_among(session: Session, ids: Collection[str]) -> Sequence[StoredCalendar]:
    return session.scalars(select(StoredCalendar).where(StoredCalendar.id.in_(ids))).all() if ids else ()


def _of_id(calendar_id: str) -> Select[tuple[StoredCalendar]]:
    return select(StoredCalendar).where(StoredCalendar.id == calendar_id)


# ---------------------------------------------------------------- policies


def policies_in_order(session: Session) -> Sequence[StoredPolicy]:
    return session.scalars(select(StoredPolicy).order_by(*_IN_ORDER)).all()


def policies_page(session: Session, page: PolicyPage) -> Sequence[StoredPolicy]:
    """In their order; one row more than the page has, where there is a next one."""
    statement = select(StoredPolicy)
    if page.cursor:
        last = tuple_(literal(page.cursor.number), literal(page.cursor.id))
        statement = statement.where(tuple_(*_IN_ORDER) > last)
    return session.scalars(statement.order_by(*_IN_ORDER).limit(page.limit + 1).offset(page.offset)).all()


def count_policies(session: Session, *, calendar_id: str | None = None) -> int:
    """There are never many."""
    statement = select(func.count()).select_from(StoredPolicy)
    if calendar_id is not None:
        statement = statement.where(StoredPolicy.calendar_id == calendar_id)
    return session.scalar(statement) or 0


def held_policies(session: Session) -> Sequence[StoredPolicy]:
    """All in their order; nobody else changes any, or makes one, before the transaction ends.

    The table is locked, since locks on rows have no order in which a row that was just made has its place.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_HOLD_POLICIES)
    return policies_in_order(session)


# ---------------------------------------------------------------- tickets

_OF_POLICIES = (
    Ticket.id,
    Ticket.created_at,
    Ticket.priority,
    Ticket.channel,
    Ticket.team_id,
    Ticket.churn_risk,
    Ticket.lifetime_value,
)


def open_tickets(session: Session, limit: int, cursor: Cursor | None) -> list[Ticket]:
    """Those that are open or pending, the newest first, with what policies ask of them."""
    of_each = (_newest(session, status, limit, cursor) for status in UNSETTLED)
    together = heapq.merge(*of_each, key=lambda ticket: (ticket.created_at, ticket.id), reverse=True)
    return list(islice(together, limit))


def _newest(session: Session, status: TicketStatus, limit: int, cursor: Cursor | None) -> Sequence[Ticket]:
    place = (Ticket.created_at, Ticket.id)
    statement = select(Ticket).options(load_only(*_OF_POLICIES))
    statement = statement.where(Ticket.status == status, Ticket.deleted_at.is_(None))
    if cursor:
        last = tuple_(literal(cursor.at, Ticket.created_at.type), literal(cursor.id))
        statement = statement.where(tuple_(*place) < last)
    newest_first = (Ticket.created_at.desc(), Ticket.id.desc())
    return session.scalars(statement.order_by(*newest_first).limit(limit)).all()

"""Statements over all that is held of one customer, in whichever part of the desk.

They alone read and erase over the domains, so that one page shows what is held: see ADR 0066.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from service.assignment.models import Assignment
from service.columns import Base
from service.customer_base.models import KeptStatistics
from service.customers.models import Customer, Order
from service.events import AUDITED, CUSTOMER_ERASED, StoredEvent
from service.http.models import IdempotencyKey
from service.intelligence.models import CustomerSnapshot, Draft, StoredRecommendation
from service.tickets.models import Message, Note, Ticket

AT_ONCE = 500
SEVERAL_CUSTOMERS = "% POST /api/orders"
"""Scope of kept answers that may be about more than one, and then name nobody."""

_UNSYNCHRONISED: Mapping[str, Any] = {"synchronize_session": False}

Row = TypeVar("Row", bound=Base)


def orders(session: Session, customer_id: str) -> Sequence[Order]:
    statement = select(Order).where(Order.customer_id == customer_id)
    whole = statement.options(selectinload(Order.lines), selectinload(Order.refunds))
    return session.scalars(whole.order_by(Order.ordered_at, Order.id)).all()


def tickets(session: Session, customer_id: str) -> Sequence[Ticket]:
    """The deleted ones included."""
    statement = select(Ticket).where(Ticket.customer_id == customer_id)
    return session.scalars(statement.order_by(Ticket.created_at, Ticket.id)).all()


def hold_tickets(session: Session, customer_id: str) -> None:
    """Until the transaction ends nobody adds to them. In the order in which others hold several."""
    statement = select(Ticket.id).where(Ticket.customer_id == customer_id).order_by(Ticket.id)
    session.execute(statement.with_for_update()).close()


def some_tickets(session: Session, customer_id: str) -> Sequence[Ticket]:
    statement = select(Ticket).where(Ticket.customer_id == customer_id).order_by(Ticket.id)
    return session.scalars(statement.limit(AT_ONCE)).all()


def of_tickets(
    session: Session, kind: type[Row], ticket_ids: Sequence[str], order: InstrumentedAttribute[Any]
) -> Iterator[Row]:
    for start in range(0, len(ticket_ids), AT_ONCE):
        some = ticket_ids[start : start + AT_ONCE]
        yield from session.scalars(select(kind).where(kind.ticket_id.in_(some)).order_by(order))  # type: ignore[attr-defined]  # every kind that is asked for has one


def snapshots(session: Session, customer_id: str) -> Sequence[CustomerSnapshot]:
    statement = select(CustomerSnapshot).where(CustomerSnapshot.customer_id == customer_id)
    return session.scalars(statement.order_by(CustomerSnapshot.capability, CustomerSnapshot.provider)).all()


def statistics(session: Session, customer_id: str) -> KeptStatistics | None:
    return session.get(KeptStatistics, customer_id)


def events_about(session: Session, ref: str) -> Sequence[StoredEvent]:
    """What happened to the customer, but for the tickets."""
    statement = select(StoredEvent).where(StoredEvent.subject_id == ref)
    return session.scalars(statement.order_by(StoredEvent.at, StoredEvent.id)).all()


def newest_erasure(session: Session) -> int | None:
    """Which was the last one of anybody."""
    erasures = select(StoredEvent.id).where(AUDITED, StoredEvent.type == CUSTOMER_ERASED.name)
    return session.scalar(erasures.order_by(StoredEvent.at.desc(), StoredEvent.id.desc()).limit(1))


def kept_answers(session: Session, customer_id: str) -> Sequence[IdempotencyKey]:
    statement = select(IdempotencyKey).where(
        IdempotencyKey.customer_id == customer_id, IdempotencyKey.status.is_not(None)
    )
    return session.scalars(statement.order_by(IdempotencyKey.created_at)).all()


def erase_conversations(session: Session, ticket_ids: Collection[str], *, in_place: str) -> None:
    """Of messages stays when they were written, and by which side; notes and generated texts go.

    Of assignments stays who had the ticket, and what chose them, but not what was said of the customer.
    """
    emptied = dict.fromkeys(
        ("original_content", "author_name", "author_email", "attachments", "external_id", "draft_id")
    )
    _execute(
        session,
        update(Message).where(Message.ticket_id.in_(ticket_ids)).values(content=in_place, **emptied),
        update(Assignment).where(Assignment.ticket_id.in_(ticket_ids)).values(why=None),
        delete(Note).where(Note.ticket_id.in_(ticket_ids)),
        delete(Draft).where(Draft.ticket_id.in_(ticket_ids)),
        delete(StoredRecommendation).where(StoredRecommendation.ticket_id.in_(ticket_ids)),
    )


def erase_told_of_tickets(
    session: Session, ticket_ids: Collection[str], kinds: Collection[str], names: Collection[str]
) -> None:
    """Events keep the figures; what may tell of a person goes: `names` out of the fields of `kinds`."""
    of_them = StoredEvent.ticket_id.in_(ticket_ids)
    _execute(
        session,
        update(StoredEvent).where(of_them, StoredEvent.personal.is_not(None)).values(personal=None),
    )
    rows = select(StoredEvent.id, StoredEvent.before, StoredEvent.after)
    for row in session.execute(rows.where(of_them, StoredEvent.type.in_(kinds))).all():
        if (row.before or {}).keys() & names or (row.after or {}).keys() & names:
            left = {"before": _without(row.before, names), "after": _without(row.after, names)}
            _execute(session, update(StoredEvent).where(StoredEvent.id == row.id).values(**left))


def erase_told_of(session: Session, ref: str) -> None:
    """Of the events about a customer stays that they happened; an audit entry loses what is personal."""
    of_them = StoredEvent.subject_id == ref
    _execute(
        session,
        update(StoredEvent).where(of_them, StoredEvent.personal.is_not(None)).values(personal=None),
        update(StoredEvent).where(of_them, ~StoredEvent.audited).values(before=None, after=None),
    )


def erase_customer(session: Session, customer_id: str) -> None:
    """With orders and what was learnt; nobody's tickets may be theirs any more."""
    kept = or_(
        IdempotencyKey.customer_id == customer_id,
        and_(IdempotencyKey.customer_id.is_(None), IdempotencyKey.scope.like(SEVERAL_CUSTOMERS)),
    )
    _execute(
        session,
        delete(Order).where(Order.customer_id == customer_id),
        delete(CustomerSnapshot).where(CustomerSnapshot.customer_id == customer_id),
        delete(KeptStatistics).where(KeptStatistics.customer_id == customer_id),
        delete(IdempotencyKey).where(kept, IdempotencyKey.status.is_not(None)),
        delete(Customer).where(Customer.id == customer_id),
    )


def _without(told: Mapping[str, Any] | None, names: Collection[str]) -> dict[str, Any] | None:
    return {name: value for name, value in (told or {}).items() if name not in names} or None


def _execute(session: Session, *statements: Any) -> None:
    for statement in statements:
        session.execute(statement, execution_options=_UNSYNCHRONISED)

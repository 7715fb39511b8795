"""What happened, written in the transaction that made it happen: history, audit and feeds all read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, insert, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.columns import Base, Identifier, Json
from service.columns import Sequence as SequenceType


@dataclass(frozen=True, slots=True)
class EventType:
    """`version` is raised whenever the fields of `before` and `after` change meaning."""

    name: str
    version: int


CUSTOMER_CREATED = EventType("customer.created", 1)
CUSTOMER_UPDATED = EventType("customer.updated", 1)
ORDER_RECORDED = EventType("order.recorded", 1)
TICKET_CREATED = EventType("ticket.created", 1)
TICKET_UPDATED = EventType("ticket.updated", 1)
TICKET_DELETED = EventType("ticket.deleted", 1)
TICKET_RESTORED = EventType("ticket.restored", 1)
MESSAGE_ADDED = EventType("message.added", 1)
MESSAGE_EDITED = EventType("message.edited", 1)
MESSAGE_DELETED = EventType("message.deleted", 1)
CONVERSATION_RESET = EventType("conversation.reset", 1)
NOTE_ADDED = EventType("note.added", 1)
TICKET_FIELD_CREATED = EventType("ticket_field.created", 1)
TICKET_FIELD_CHANGED = EventType("ticket_field.changed", 1)
TICKET_FIELD_ARCHIVED = EventType("ticket_field.archived", 1)
DRAFT_GENERATED = EventType("draft.generated", 1)
DRAFT_OUTCOME_RECORDED = EventType("draft.outcome_recorded", 1)
RECOMMENDATION_GENERATED = EventType("recommendation.generated", 1)
RECOMMENDATION_ACTION_CHANGED = EventType("recommendation.action_changed", 1)
PROVIDER_ENABLED = EventType("provider.enabled", 1)
PROVIDER_DISABLED = EventType("provider.disabled", 1)
PROVIDERS_REORDERED = EventType("provider.reordered", 1)
PROVIDERS_RESET = EventType("provider.reset", 1)
PROVIDER_CIRCUIT_RESET = EventType("provider.circuit_reset", 1)
PROVIDER_TOGGLES_DROPPED = EventType("provider.toggles_dropped", 1)

OF_PROVIDERS = text("subject_type = 'provider'")
"""A literal, not a parameter: only so can a database tell that it may use the partial index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A customer is a subject by `ref`, never by id; `actor` is the caller's id.

    `before` and `after` hold the fields that changed and nothing about a person; `personal` holds those
    that do, apart, so that erasure can overwrite them. `at_hand` is what it is about, for handlers in the
    same transaction, who would read it back else: it is not stored.
    """

    type: EventType
    subject_type: str
    subject_id: str
    actor: str
    at: datetime
    ticket_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    personal: Mapping[str, Any] | None = None
    at_hand: object = field(default=None, repr=False, compare=False)


def about_ticket(
    kind: EventType,
    ticket_id: str,
    *,
    actor: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> Event:
    return Event(
        type=kind,
        subject_type="ticket",
        subject_id=ticket_id,
        ticket_id=ticket_id,
        actor=actor,
        at=at,
        before=before,
        after=after,
        personal=personal,
    )


class StoredEvent(Base):
    """`id` grows in the order of writing, which is not the order of commits: no feed may resume by it."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(SequenceType, primary_key=True)
    type: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(Identifier)
    ticket_id: Mapped[str | None] = mapped_column(Identifier)
    actor: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    before: Mapped[dict[str, Any] | None] = mapped_column(Json)
    after: Mapped[dict[str, Any] | None] = mapped_column(Json)
    personal: Mapped[dict[str, Any] | None] = mapped_column(Json)

    __table_args__ = (
        Index("ix_events_ticket_id_at_id", "ticket_id", "at", "id"),
        Index("ix_events_subject_id_at_id", "subject_id", "at", "id"),
        Index(
            "ix_events_of_providers_at_id",
            "at",
            "id",
            postgresql_where=OF_PROVIDERS,
            sqlite_where=OF_PROVIDERS,
        ),
    )


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`before` and `after` of the fields of both that are not the same; empty where all are."""
    names = [name for name in after if before[name] != after[name]]
    if not names:
        return {}
    return {
        "before": {name: before[name] for name in names},
        "after": {name: after[name] for name in names},
    }


_INSERT = insert(StoredEvent.__table__).inline()  # type: ignore[arg-type]  # a table, for the stubs a FromClause

"""Nobody needs their ids, for which SQLite would take a statement each."""

Handler = Callable[[Session, Event], None]
BatchHandler = Callable[[Session, Sequence[Event]], None]


class EventLog:
    """`handlers` run in the same transaction, in their order; one that raises undoes the change."""

    def __init__(self, handlers: Mapping[EventType, Sequence[Handler]] | None = None) -> None:
        self._handlers = {kind: list(those) for kind, those in (handlers or {}).items()}
        self._batch_handlers: dict[EventType, list[BatchHandler]] = {}

    def subscribe(self, kind: EventType, handler: Handler) -> None:
        self._handlers.setdefault(kind, []).append(handler)

    def subscribe_to_batches(self, kind: EventType, handler: BatchHandler) -> None:
        """For what many of at once must not cost a statement each: hears all of one `record_all` together."""
        self._batch_handlers.setdefault(kind, []).append(handler)

    def record(self, session: Session, event: Event) -> None:
        self.record_all(session, [event])

    def record_all(self, session: Session, events: Sequence[Event]) -> None:
        if events:
            session.connection().execute(_INSERT, [_row(event) for event in events])
        for event in events:
            for handler in self._handlers.get(event.type, ()):
                handler(session, event)
        for kind in dict.fromkeys(event.type for event in events):
            together = [event for event in events if event.type == kind]
            for batch_handler in self._batch_handlers.get(kind, ()):
                batch_handler(session, together)


def _row(event: Event) -> dict[str, Any]:
    return {
        "type": event.type.name,
        "version": event.type.version,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "ticket_id": event.ticket_id,
        "actor": event.actor,
        "at": event.at,
        "before": event.before,
        "after": event.after,
        "personal": event.personal,
    }

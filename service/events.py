"""What happened, written in the transaction that made it happen: history, audit and feeds all read it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, false, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.columns import Base, Identifier, Json
from service.columns import Sequence as SequenceType
from service.writes import Write, write

ADDRESS_LENGTH = 45
"""Of an IPv6 address that ends as one of IPv4."""


@dataclass(frozen=True, slots=True)
class EventType:
    """`version` is raised whenever the fields of `before` and `after` change meaning.

    `audited`: kept for good, with where it came from; the database itself refuses to change such a row.
    """

    name: str
    version: int
    audited: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Whence something was asked: nothing of it is known of what the service does by itself."""

    request_id: str | None = None
    address: str | None = None


CUSTOMER_CREATED = EventType("customer.created", 1)
CUSTOMER_UPDATED = EventType("customer.updated", 1)
ORDER_RECORDED = EventType("order.recorded", 1)
TICKET_CREATED = EventType("ticket.created", 1)
TICKET_UPDATED = EventType("ticket.updated", 1)
TICKET_DELETED = EventType("ticket.deleted", 1, audited=True)
TICKET_ERASED = EventType("ticket.erased", 1)
TICKET_RESTORED = EventType("ticket.restored", 1, audited=True)
MESSAGE_ADDED = EventType("message.added", 1)
MESSAGE_EDITED = EventType("message.edited", 1)
MESSAGE_DELETED = EventType("message.deleted", 1, audited=True)
CONVERSATION_RESET = EventType("conversation.reset", 1, audited=True)
NOTE_ADDED = EventType("note.added", 1)
TICKET_FIELD_CREATED = EventType("ticket_field.created", 1)
TICKET_FIELD_CHANGED = EventType("ticket_field.changed", 1)
TICKET_FIELD_ARCHIVED = EventType("ticket_field.archived", 1)
DRAFT_GENERATED = EventType("draft.generated", 1)
DRAFT_OUTCOME_RECORDED = EventType("draft.outcome_recorded", 1)
RECOMMENDATION_GENERATED = EventType("recommendation.generated", 1)
RECOMMENDATION_ACTION_CHANGED = EventType("recommendation.action_changed", 1)
AGENT_CREATED = EventType("agent.created", 1, audited=True)
AGENT_UPDATED = EventType("agent.updated", 1, audited=True)
AGENT_STATUS_CHANGED = EventType("agent.status_changed", 1)
AGENT_DEACTIVATED = EventType("agent.deactivated", 1, audited=True)
AGENT_REACTIVATED = EventType("agent.reactivated", 1, audited=True)
TEAM_CREATED = EventType("team.created", 1, audited=True)
TEAM_UPDATED = EventType("team.updated", 1, audited=True)
TEAM_DELETED = EventType("team.deleted", 1, audited=True)
TEAM_MEMBER_ADDED = EventType("team.member_added", 1, audited=True)
TEAM_MEMBER_REMOVED = EventType("team.member_removed", 1, audited=True)
PROVIDER_ENABLED = EventType("provider.enabled", 1, audited=True)
PROVIDER_DISABLED = EventType("provider.disabled", 1, audited=True)
PROVIDERS_REORDERED = EventType("provider.reordered", 1, audited=True)
PROVIDERS_RESET = EventType("provider.reset", 1, audited=True)
PROVIDER_CIRCUIT_RESET = EventType("provider.circuit_reset", 1, audited=True)
PROVIDER_TOGGLES_DROPPED = EventType("provider.toggles_dropped", 1, audited=True)

# Who gets which ticket, beside the `ticket.updated` that tells `assigned_to`.
TICKET_ASSIGNED = EventType("ticket.assigned", 1)
TICKET_UNASSIGNED = EventType("ticket.unassigned", 1)
TICKET_ASSIGNMENT_ACCEPTED = EventType("ticket.assignment_accepted", 1)
TICKET_QUEUED = EventType("ticket.queued", 1)

# The customer of an open ticket is likely to leave, as is known now; once for each ticket.
TICKET_RISK_RAISED = EventType("ticket.risk_raised", 1)

CUSTOMER_EXPORTED = EventType("customer.exported", 1, audited=True)
CUSTOMER_ERASED = EventType("customer.erased", 1, audited=True)
AUDIT_EXPORTED = EventType("audit.exported", 1, audited=True)

# What operators do with what is to leave the desk.
OUTBOX_REPLAYED = EventType("outbox.replayed", 1, audited=True)
# What is promised, and in whose working time.
SLA_POLICY_CREATED = EventType("sla.policy_created", 1, audited=True)
SLA_POLICY_CHANGED = EventType("sla.policy_changed", 1, audited=True)
SLA_POLICY_DELETED = EventType("sla.policy_deleted", 1, audited=True)
SLA_POLICIES_REORDERED = EventType("sla.policy_reordered", 1, audited=True)
SLA_CALENDAR_CREATED = EventType("sla.calendar_created", 1, audited=True)
SLA_CALENDAR_CHANGED = EventType("sla.calendar_changed", 1, audited=True)
SLA_CALENDAR_DELETED = EventType("sla.calendar_deleted", 1, audited=True)

# Who comes in, and with what. Recorded by whoever signs people in and holds the keys.
SIGNED_IN = EventType("auth.signed_in", 1, audited=True)
SIGN_IN_FAILED = EventType("auth.sign_in_failed", 1, audited=True)
SIGNED_OUT = EventType("auth.signed_out", 1, audited=True)
REFRESH_REUSED = EventType("auth.refresh_reused", 1, audited=True)
PASSWORD_CHANGED = EventType("auth.password_changed", 1, audited=True)
AGENT_INVITED = EventType("auth.invited", 1, audited=True)
INVITATION_ACCEPTED = EventType("auth.invitation_accepted", 1, audited=True)
ACCESS_DENIED = EventType("access.denied", 1, audited=True)
API_KEY_CREATED = EventType("api_key.created", 1, audited=True)
API_KEY_CHANGED = EventType("api_key.changed", 1, audited=True)
API_KEY_REVOKED = EventType("api_key.revoked", 1, audited=True)

# What a service level promised is nearly due, or was not met in time.
SLA_WARNING = EventType("sla.warning", 1)
SLA_BREACHED = EventType("sla.breached", 1)
# Who outside hears of what. No address of a webhook stands in an event: it may hold a secret.
WEBHOOK_CREATED = EventType("webhook.created", 1, audited=True)
WEBHOOK_CHANGED = EventType("webhook.changed", 1, audited=True)
WEBHOOK_DELETED = EventType("webhook.deleted", 1, audited=True)
WEBHOOK_SECRET_ROTATED = EventType("webhook.secret_rotated", 1, audited=True)
WEBHOOK_DISABLED = EventType("webhook.disabled", 1, audited=True)
WEBHOOK_TEST = EventType("webhook.test", 1)
NOTIFICATION_RULE_CREATED = EventType("notification_rule.created", 1, audited=True)
NOTIFICATION_RULE_CHANGED = EventType("notification_rule.changed", 1, audited=True)
NOTIFICATION_RULE_DELETED = EventType("notification_rule.deleted", 1, audited=True)
# Who may send webhooks in.
INBOUND_WEBHOOK_CREATED = EventType("inbound_webhook.created", 1, audited=True)
INBOUND_WEBHOOK_CHANGED = EventType("inbound_webhook.changed", 1, audited=True)
INBOUND_WEBHOOK_ROTATED = EventType("inbound_webhook.rotated", 1, audited=True)
INBOUND_WEBHOOK_DELETED = EventType("inbound_webhook.deleted", 1, audited=True)

AUDITED = text("audited")
OF_PROVIDERS = text("subject_type = 'provider'")
"""A literal, not a parameter: only so can a database tell that it may use the partial index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A customer is a subject by `ref`, never by id; `actor` is the caller's id.

    `before` and `after` hold the fields that changed and nothing about a person; `personal` holds those
    that do, apart, so that erasure can overwrite them. `origin` None: the request that is being answered.
    `at_hand` is what it is about, for handlers in the same transaction, who would read it back else: it is
    not stored.
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
    origin: Origin | None = None
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
    at_hand: object = None,
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
        at_hand=at_hand,
    )


def _of_audit(name: str, *columns: str) -> Index:
    return Index(name, *columns, postgresql_where=AUDITED, sqlite_where=AUDITED)


class StoredEvent(Base):
    """`id` grows in the order of writing, which is not the order of commits: no feed may resume by it.

    Of an audited one triggers refuse every change but that `personal` is emptied.
    """

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
    audited: Mapped[bool] = mapped_column(default=False, server_default=false())
    request_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH))

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
        _of_audit("ix_events_audited_at_id", "at", "id"),
        _of_audit("ix_events_audited_type_at_id", "type", "at", "id"),
        _of_audit("ix_events_audited_actor_at_id", "actor", "at", "id"),
        _of_audit("ix_events_audited_subject_id_at_id", "subject_id", "at", "id"),
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


_COLUMNS = tuple(column.name for column in StoredEvent.__table__.columns if column.name != "id")
_INSERT = Write.inserting(StoredEvent.__table__, _COLUMNS)
"""Nobody needs their ids, for which SQLite would take a statement each."""

_NOWHERE = Origin()

Handler = Callable[[Session, Event], None]
BatchHandler = Callable[[Session, Sequence[Event]], None]


class EventLog:
    """`handlers` run in the same transaction, in their order; one that raises undoes the change."""

    def __init__(
        self,
        handlers: Mapping[EventType, Sequence[Handler]] | None = None,
        *,
        origin: Callable[[], Origin] = Origin,
    ) -> None:
        """`origin` tells where the present request came from."""
        self._handlers = {kind: list(those) for kind, those in (handlers or {}).items()}
        self._batch_handlers: dict[EventType, list[BatchHandler]] = {}
        self._origin = origin

    def subscribe(self, kind: EventType, handler: Handler) -> None:
        self._handlers.setdefault(kind, []).append(handler)

    def subscribe_to_batches(self, kind: EventType, handler: BatchHandler) -> None:
        """For what many of at once must not cost a statement each: hears all of one `record_all` together."""
        self._batch_handlers.setdefault(kind, []).append(handler)

    def record(self, session: Session, event: Event) -> None:
        self.record_all(session, [event])

    def record_all(self, session: Session, events: Sequence[Event]) -> None:
        write(session, _INSERT, [self._row(event) for event in events])
        for event in events:
            for handler in self._handlers.get(event.type, ()):
                handler(session, event)
        for kind in dict.fromkeys(event.type for event in events):
            together = [event for event in events if event.type == kind]
            for batch_handler in self._batch_handlers.get(kind, ()):
                batch_handler(session, together)

    def _row(self, event: Event) -> dict[str, Any]:
        origin = event.origin or (self._origin() if event.type.audited else _NOWHERE)
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
            "audited": event.type.audited,
            "request_id": origin.request_id,
            "address": origin.address,
        }

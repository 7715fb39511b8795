from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, false, text
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.columns import Base, Identifier, Json, Sequence, short_enum
from service.tickets.handing import AssignmentReason

COUNTER_SHARDS = 16
NOBODYS = ""
"""What `owned_by` holds of a ticket that neither a team nor an agent has; not NULL, which no index sorts."""

PREVIEW_LENGTH = 200


class TicketStatus(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    CHAT = "chat"
    FORM = "form"


class FieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


def _among_the_living(name: str, *columns: str) -> Index:
    return _some(name, "deleted_at IS NULL", *columns)


def _of_nobody(name: str, *columns: str) -> Index:
    return _some(name, "assigned_to IS NULL AND deleted_at IS NULL", *columns)


def _some(name: str, where: str, *columns: str) -> Index:
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


class Ticket(Base):
    """`version` counts every change, `conversation_version` those of its messages.

    `message_count` and `last_message_*` are kept at write time, of messages that are not deleted.
    `waiting_since` is the time of the oldest customer message that no agent has answered.
    `assigned_to` is an agent's id or a label. `owned_by` tells whose it is, for those who see no other's: the
    team's id, else that of the agent who has it, else `NOBODYS`. `queued`: it waits to be handed out, open or
    pending, and nobody's; `queued_as`: with which reason it will be, None where by rule alone.

    What the inbox is ordered by: `customer_sentiment` is that of the customer's last message, -1 to 1;
    `churn_risk` and `lifetime_value` are what was known of the customer when the ticket was last scored;
    `service_level_score` changes in steps. `waiting` and `inbox_rank` are made of these by
    `service.tickets.scoring` whenever the row is written.
    """

    __tablename__ = "tickets"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    subject: Mapped[str] = mapped_column(Text)
    status: Mapped[TicketStatus] = mapped_column(short_enum(TicketStatus, "status"))
    priority: Mapped[Priority] = mapped_column(short_enum(Priority, "priority"))
    channel: Mapped[Channel] = mapped_column(short_enum(Channel, "channel"))
    assigned_to: Mapped[str | None] = mapped_column(String(200))
    team_id: Mapped[str | None] = mapped_column(Identifier)
    owned_by: Mapped[str] = mapped_column(Identifier, default=NOBODYS)
    queued: Mapped[bool] = mapped_column(default=False, server_default=false())
    queued_as: Mapped[AssignmentReason | None] = mapped_column(short_enum(AssignmentReason, "queued_as"))
    custom_fields: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    version: Mapped[int] = mapped_column(default=1)
    conversation_version: Mapped[int] = mapped_column(default=0)
    message_count: Mapped[int] = mapped_column(default=0)
    last_message_preview: Mapped[str | None] = mapped_column(String(PREVIEW_LENGTH))
    last_message_at: Mapped[datetime | None]
    last_message_from_agent: Mapped[bool | None]
    waiting_since: Mapped[datetime | None]
    customer_sentiment: Mapped[float | None]
    churn_risk: Mapped[float | None]
    lifetime_value: Mapped[Decimal | None]
    service_level_score: Mapped[float] = mapped_column(default=0.0)
    waiting: Mapped[bool] = mapped_column(default=False)
    inbox_rank: Mapped[float] = mapped_column(default=0.0)
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    tag_rows: Mapped[set["TicketTag"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )
    tags: AssociationProxy[set[str]] = association_proxy(
        "tag_rows", "tag", creator=lambda tag: TicketTag(tag=tag)
    )

    __table_args__ = (
        _among_the_living("ix_tickets_created_at_id", "created_at", "id"),
        _among_the_living("ix_tickets_status_created_at_id", "status", "created_at", "id"),
        _among_the_living("ix_tickets_updated_at_id", "updated_at", "id"),
        _among_the_living("ix_tickets_status_updated_at_id", "status", "updated_at", "id"),
        _among_the_living("ix_tickets_assigned_to_created_at_id", "assigned_to", "created_at", "id"),
        Index("ix_tickets_customer_id_created_at_id", "customer_id", "created_at", "id"),
        _among_the_living("ix_tickets_inbox", "status", "waiting", "inbox_rank", "id"),
        _among_the_living(
            "ix_tickets_inbox_of_assigned_to", "assigned_to", "status", "waiting", "inbox_rank", "id"
        ),
        _among_the_living(
            "ix_tickets_inbox_of_priority", "priority", "status", "waiting", "inbox_rank", "id"
        ),
        _among_the_living(
            "ix_tickets_inbox_of_customer_id", "customer_id", "status", "waiting", "inbox_rank", "id"
        ),
        _among_the_living("ix_tickets_inbox_of_channel", "channel", "status", "waiting", "inbox_rank", "id"),
        _among_the_living(
            "ix_tickets_inbox_of_owned_by", "owned_by", "status", "waiting", "inbox_rank", "id"
        ),
        _among_the_living(
            "ix_tickets_owned_by_status_updated_at_id", "owned_by", "status", "updated_at", "id"
        ),
        Index("ix_tickets_owned_by_status_created_at_id", "owned_by", "status", "created_at", "id"),
        _of_nobody(
            "ix_tickets_unassigned_inbox_of_owned_by", "owned_by", "status", "waiting", "inbox_rank", "id"
        ),
        _of_nobody("ix_tickets_unassigned_created_at_id", "owned_by", "status", "created_at", "id"),
        _of_nobody("ix_tickets_unassigned_updated_at_id", "owned_by", "status", "updated_at", "id"),
        _some(
            "ix_tickets_queued", "queued AND deleted_at IS NULL", "owned_by", "waiting", "inbox_rank", "id"
        ),
    )


class TicketTag(Base):
    __tablename__ = "ticket_tags"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(100), primary_key=True)

    __table_args__ = (Index("ix_ticket_tags_tag_ticket_id", "tag", "ticket_id"),)


class Message(Base):
    """One turn of a conversation; an edit keeps `original_content`, a deletion the whole row.

    `sequence` breaks ties of `created_at` in the order of writing; `id` is the one clients see.
    `attachments` tell what lies elsewhere: name, url, content_type, size_bytes of each.
    """

    __tablename__ = "messages"

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, unique=True)
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    from_agent: Mapped[bool]
    content: Mapped[str] = mapped_column(Text)
    original_content: Mapped[str | None] = mapped_column(Text)
    author_name: Mapped[str | None] = mapped_column(String(200))
    author_email: Mapped[str | None] = mapped_column(String(320))
    send_to_customer: Mapped[bool] = mapped_column(default=False)
    draft_id: Mapped[str | None] = mapped_column(Identifier)
    attachments: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_messages_ticket_id_created_at_sequence", "ticket_id", "created_at", "sequence"),
    )


class Note(Base):
    """What agents tell each other; neither customers nor providers ever see it."""

    __tablename__ = "notes"

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(Identifier, unique=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    content: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str | None] = mapped_column(String(200))
    author_id: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_notes_ticket_id_created_at_sequence", "ticket_id", "created_at", "sequence"),)


class TicketField(Base):
    """The definition of a custom field. An archived one keeps its values, and takes no new ones."""

    __tablename__ = "ticket_fields"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    type: Mapped[FieldType] = mapped_column(short_enum(FieldType, "type"))
    choices: Mapped[list[str] | None] = mapped_column(Json)
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class TicketCounter(Base):
    """How many tickets that are not deleted have a status: the sum over the shards.

    A writer changes one shard, chosen at random below `COUNTER_SHARDS`, so that parallel changes do
    not wait for one row; a single shard may therefore be negative.
    """

    __tablename__ = "ticket_counters"

    status: Mapped[TicketStatus] = mapped_column(short_enum(TicketStatus, "status"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    tickets: Mapped[int] = mapped_column(default=0)


class InboxScoring(Base):
    """What the kept ranks are made with; one row. `made_to`: up to which ticket they are, None for all."""

    __tablename__ = "inbox_scoring"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_with: Mapped[str] = mapped_column(String(64))
    made_to: Mapped[str | None] = mapped_column(Identifier)
    at: Mapped[datetime]


class PastRank(Base):
    """Where a ticket stood in the inbox until a change: kept for an hour, for those who walk along it.

    `change` numbers what was committed together, as `service.tickets.past_ranks` tells. A row without a
    ticket (an empty id) tells that the ranks of all were made anew. There is no foreign key: nobody deletes
    tickets for good within the hour, and what it costs is paid by every message.
    """

    __tablename__ = "past_ranks"

    sequence: Mapped[int] = mapped_column(Sequence, primary_key=True)
    change: Mapped[int] = mapped_column(BigInteger)
    ticket_id: Mapped[str] = mapped_column(Identifier)
    waiting: Mapped[bool]
    inbox_rank: Mapped[float]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_past_ranks_change", "change"),
        Index("ix_past_ranks_ticket_id", "ticket_id"),
    )

"""The feed of committed events, who follows it, and what is to leave the desk."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_feed"
down_revision = "0011"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)
PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.create_table(
        "feed",
        required("position", SEQUENCE, autoincrement=False),
        required("event_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_feed")),
        sa.UniqueConstraint("event_id", name=op.f("uq_feed_event_id")),
    )
    op.create_table(
        "feed_gaps",
        required("first_id", SEQUENCE, autoincrement=False),
        required("last_id", sa.BigInteger()),
        required("holders", JSON),
        sa.PrimaryKeyConstraint("first_id", name=op.f("pk_feed_gaps")),
    )
    op.create_table(
        "feed_followers",
        required("name", sa.String(64)),
        required("position", sa.BigInteger()),
        required("after_event_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed_followers")),
    )
    create_outbox()


def create_outbox() -> None:
    op.create_table(
        "outbox",
        required("id", IDENTIFIER),
        required("position", sa.BigInteger()),
        sa.Column("ticket_id", IDENTIFIER),
        required("about", IDENTIFIER),
        required("channel", sa.String(40)),
        required("target", sa.String(200)),
        sa.Column("address", JSON),
        required("state", sa.String(20)),
        required("attempts", sa.Integer()),
        sa.Column("not_before", TIME),
        required("next_attempt_at", TIME),
        sa.Column("leased_until", TIME),
        sa.Column("holder", sa.String(200)),
        sa.Column("last_error", sa.String(200)),
        required("created_at", TIME),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("position", "channel", "target", name=op.f("uq_outbox_position_channel_target")),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_outbox_state")),
    )
    pending("ix_outbox_due", "channel", "next_attempt_at", "position")
    pending("ix_outbox_line", "channel", "target", "about", "position")
    op.create_index("ix_outbox_state_created_at_id", "outbox", ["state", "created_at", "id"])
    op.create_index("ix_outbox_created_at_id", "outbox", ["created_at", "id"])


def downgrade() -> None:
    for table in ("outbox", "feed_followers", "feed_gaps", "feed"):
        op.drop_table(table)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def pending(name: str, *columns: str) -> None:
    op.create_index(name, "outbox", list(columns), postgresql_where=PENDING, sqlite_where=PENDING)

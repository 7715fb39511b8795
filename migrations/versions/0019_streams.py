"""Tickets that open streams of events, and webhooks that come in."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
IDENTIFIER = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "used_stream_tickets",
        required("id", IDENTIFIER),
        required("expires_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_used_stream_tickets")),
    )
    op.create_index("ix_used_stream_tickets_expires_at", "used_stream_tickets", ["expires_at"])
    op.create_table(
        "inbound_webhooks",
        required("id", IDENTIFIER),
        required("name", sa.String(80)),
        required("active", sa.Boolean()),
        required("secret_version", sa.Integer()),
        sa.Column("previous_until", TIME),
        required("created_by", sa.String(200)),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_webhooks")),
        sa.UniqueConstraint("name", name=op.f("uq_inbound_webhooks_name")),
    )
    op.create_index("ix_inbound_webhooks_created_at_id", "inbound_webhooks", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("inbound_webhooks")
    op.drop_table("used_stream_tickets")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

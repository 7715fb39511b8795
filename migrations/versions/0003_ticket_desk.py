"""Notes, custom fields, and attachments of messages."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)

FIELD_TYPES = "type IN ('text', 'number', 'boolean', 'date', 'choice')"


def upgrade() -> None:
    op.add_column("messages", sa.Column("attachments", JSON))
    op.create_table(
        "notes",
        required("sequence", SEQUENCE),
        required("id", IDENTIFIER),
        required("ticket_id", IDENTIFIER),
        required("content", sa.Text()),
        sa.Column("author_name", sa.String(200)),
        sa.Column("author_id", sa.String(200)),
        required("created_at", TIME),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_notes")),
        sa.UniqueConstraint("id", name=op.f("uq_notes_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_notes_ticket_id_tickets"), ondelete="CASCADE"
        ),
    )
    op.create_index(
        op.f("ix_notes_ticket_id_created_at_sequence"), "notes", ["ticket_id", "created_at", "sequence"]
    )
    op.create_table(
        "ticket_fields",
        required("key", sa.String(64)),
        required("label", sa.String(200)),
        required("type", sa.String(20)),
        sa.Column("choices", JSON),
        sa.Column("archived_at", TIME),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_ticket_fields")),
        sa.CheckConstraint(FIELD_TYPES, name=op.f("ck_ticket_fields_type")),
    )


def downgrade() -> None:
    op.drop_table("ticket_fields")
    op.drop_table("notes")
    op.drop_column("messages", "attachments")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

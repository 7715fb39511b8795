"""Providers switched at run time, and what each process tells of itself."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
IDENTIFIER = sa.String(64)

OF_PROVIDERS = "subject_type = 'provider'"


def upgrade() -> None:
    op.create_table(
        "provider_toggles",
        required("id", sa.Integer(), autoincrement=False),
        required("version", sa.Integer()),
        required("configured", JSON),
        required("order", JSON),
        required("disabled", JSON),
        required("circuit_resets", JSON),
        sa.Column("changed_by", sa.String(200)),
        sa.Column("reason", sa.String(500)),
        sa.Column("changed_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_toggles")),
        sa.CheckConstraint("id = 1", name=op.f("ck_provider_toggles_one_row")),
    )
    op.create_table(
        "process_heartbeats",
        required("id", IDENTIFIER),
        required("host", sa.String(255)),
        required("pid", sa.Integer()),
        required("started_at", TIME),
        required("at", TIME),
        required("report", JSON),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_heartbeats")),
    )
    op.create_index(
        op.f("ix_events_of_providers_at_id"),
        "events",
        ["at", "id"],
        postgresql_where=sa.text(OF_PROVIDERS),
        sqlite_where=sa.text(OF_PROVIDERS),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_events_of_providers_at_id"), "events")
    op.drop_table("process_heartbeats")
    op.drop_table("provider_toggles")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

"""What was promised to each ticket, and how often it was kept."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
IDENTIFIER = sa.String(64)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TARGETS = ("first_response", "next_response", "resolution")
STATUSES = ("within_sla", "at_risk", "breached", "met", "paused")
PRIORITIES = ("urgent", "high", "normal", "low")
BREACHED = sa.text("breached_at IS NOT NULL")
AT_RISK = sa.text("status = 'at_risk'")
CHECKED = sa.text("next_check_at IS NOT NULL")
UNMET = sa.text("met_at IS NULL")
LISTED_BY = ("policy_id", "priority", "team_id", "agent_id", "owned_by")


def upgrade() -> None:
    create_targets()
    create_state()
    op.create_table(
        "service_level_counters",
        required("dimension", sa.String(10)),
        required("grain", sa.String(10)),
        required("begin", TIME),
        required("value", IDENTIFIER),
        required("target", sa.String(20)),
        required("outcome", sa.String(10)),
        required("cycles", sa.Integer()),
        sa.PrimaryKeyConstraint(
            *("dimension", "grain", "begin", "value", "target", "outcome"),
            name=op.f("pk_service_level_counters"),
        ),
        one_of("target", TARGETS, op.f("ck_service_level_counters_target")),
    )


def create_targets() -> None:
    op.create_table(
        "ticket_targets",
        required("id", SEQUENCE, autoincrement=True),
        required("ticket_id", IDENTIFIER),
        required("target", sa.String(20)),
        required("cycle_at", TIME),
        sa.Column("policy_id", IDENTIFIER),
        sa.Column("policy_version", sa.Integer()),
        sa.Column("calendar_id", IDENTIFIER),
        sa.Column("calendar_version", sa.Integer()),
        sa.Column("length_s", sa.Integer()),
        required("begin", TIME),
        required("status", sa.String(20)),
        *(sa.Column(name, TIME) for name in ("warn_at", "due_at", "next_check_at")),
        required("elapsed_us", sa.BigInteger()),
        *(sa.Column(name, TIME) for name in ("breached_at", "met_at", "paused_since")),
        *(sa.Column(name, TIME) for name in ("warning_told_at", "breach_told_at")),
        required("priority", sa.String(20)),
        sa.Column("team_id", IDENTIFIER),
        sa.Column("agent_id", IDENTIFIER),
        required("owned_by", IDENTIFIER),
        sa.Column("counted", JSON),
        required("made_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_targets")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_ticket_targets_ticket_id_tickets"),
            ondelete="CASCADE",
        ),
        one_of("target", TARGETS, op.f("ck_ticket_targets_target")),
        one_of("status", STATUSES, op.f("ck_ticket_targets_status")),
        one_of("priority", PRIORITIES, op.f("ck_ticket_targets_priority")),
    )
    op.create_index(
        "ix_ticket_targets_ticket_id_target_cycle_at",
        "ticket_targets",
        ["ticket_id", "target", "cycle_at"],
        unique=True,
    )
    some("next_check_at", CHECKED, "next_check_at")
    some("policy_id_ticket_id", UNMET, "policy_id", "ticket_id")
    for name, where, at in (("breached", BREACHED, "breached_at"), ("at_risk", AT_RISK, "due_at")):
        some(name, where, at, "id")
        for column in LISTED_BY:
            some(f"{name}_of_{column}", where, column, at, "id")


def create_state() -> None:
    """A desk that has tickets promised nothing to them before it knew of promises."""
    state = op.create_table(
        "service_level_state",
        required("id", sa.Integer(), autoincrement=False),
        sa.Column("since", TIME),
        required("made_with", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_level_state")),
    )
    if op.get_bind().scalar(sa.text("SELECT 1 FROM tickets LIMIT 1")):
        op.bulk_insert(state, [{"id": 1, "since": datetime.now(UTC), "made_with": ""}])
    op.create_table(
        "service_level_renewals",
        required("id", SEQUENCE, autoincrement=True),
        sa.Column("ticket_id", IDENTIFIER),
        sa.Column("policy_id", IDENTIFIER),
        sa.Column("after_status", sa.String(20)),
        sa.Column("after_created_at", TIME),
        required("after_id", IDENTIFIER),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_level_renewals")),
    )


def downgrade() -> None:
    for table in (
        "service_level_counters",
        "service_level_renewals",
        "service_level_state",
        "ticket_targets",
    ):
        op.drop_table(table)


def some(name: str, where: Any, *columns: str) -> None:
    op.create_index(
        f"ix_ticket_targets_{name}", "ticket_targets", columns, postgresql_where=where, sqlite_where=where
    )


def one_of(column: str, values: tuple[str, ...], name: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=name)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

"""Calendars and policies of service levels, and the first of them."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
MONEY = sa.Numeric(18, 4).with_variant(sa.BigInteger(), "sqlite")
IDENTIFIER = sa.String(64)

ALWAYS = "calendar_always"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOUR, DAY = 60, 24 * 60
FIRST_POLICIES = (
    ("urgent", 30, 8 * HOUR),
    ("high", 2 * HOUR, 24 * HOUR),
    ("normal", 8 * HOUR, 48 * HOUR),
    ("low", 24 * HOUR, 7 * DAY),
)
"""Priority, and minutes until the first response and the resolution."""


def upgrade() -> None:
    calendars, policies = create_calendars(), create_policies()
    now = {"version": 1, "created_at": datetime.now(UTC), "updated_at": datetime.now(UTC)}
    op.bulk_insert(
        calendars,
        [
            {
                "id": ALWAYS,
                "name": "Always",
                "folded_name": "always",
                "time_zone": "UTC",
                "hours": {day: [{"from": "00:00", "to": "24:00"}] for day in DAYS},
                "holidays": [],
                "exceptions": [],
                **now,
            }
        ],
    )
    op.bulk_insert(
        policies,
        [
            {
                "id": f"policy_{priority}",
                "name": priority.capitalize(),
                "folded_name": priority,
                "position": position,
                "priorities": [priority],
                **{name: [] for name in ("channels", "all_tags", "any_tags", "departments")},
                "calendar_id": ALWAYS,
                "first_response_minutes": first_response,
                "resolution_minutes": resolution,
                "warning_share": 0.8,
                **now,
            }
            for position, (priority, first_response, resolution) in enumerate(FIRST_POLICIES, start=1)
        ],
    )


def create_calendars() -> sa.Table:
    table = op.create_table(
        "sla_calendars",
        required("id", IDENTIFIER),
        required("name", sa.String(200)),
        required("folded_name", sa.String(600)),
        required("time_zone", sa.String(64)),
        required("hours", JSON),
        sa.Column("country", sa.String(2)),
        sa.Column("subdivision", sa.String(40)),
        required("holidays", JSON),
        required("exceptions", JSON),
        required("version", sa.Integer()),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_calendars")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_sla_calendars_folded_name")),
    )
    op.create_index(op.f("ix_sla_calendars_created_at_id"), "sla_calendars", ["created_at", "id"])
    return table


def create_policies() -> sa.Table:
    table = op.create_table(
        "sla_policies",
        required("id", IDENTIFIER),
        required("name", sa.String(200)),
        required("folded_name", sa.String(600)),
        required("position", sa.Integer()),
        *(required(name, JSON) for name in ("priorities", "channels", "all_tags", "any_tags", "departments")),
        sa.Column("min_lifetime_value", MONEY),
        sa.Column("min_churn_risk", sa.Float()),
        required("calendar_id", IDENTIFIER),
        sa.Column("first_response_minutes", sa.Integer()),
        sa.Column("next_response_minutes", sa.Integer()),
        sa.Column("resolution_minutes", sa.Integer()),
        required("warning_share", sa.Float()),
        required("version", sa.Integer()),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policies")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_sla_policies_folded_name")),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["sla_calendars.id"], name=op.f("fk_sla_policies_calendar_id_sla_calendars")
        ),
    )
    op.create_index(op.f("ix_sla_policies_position_id"), "sla_policies", ["position", "id"])
    op.create_index(op.f("ix_sla_policies_calendar_id"), "sla_policies", ["calendar_id"])
    return table


def downgrade() -> None:
    for table in ("sla_policies", "sla_calendars"):
        op.drop_table(table)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

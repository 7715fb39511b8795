"""Webhook endpoints, what was tried to deliver to them, and the first rules of who hears of what."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)
OCCASIONS = ("sla.warning", "sla.breached", "churn_risk", "urgent_ticket", "ticket.assigned")

FIRST_RULES = (
    ("sla.warning", "A promise is about to be broken", ["assignee"]),
    ("sla.breached", "A promise was broken", ["team_lead", "managers"]),
    ("churn_risk", "A customer who may leave has a new ticket", ["assignee", "team_lead"]),
    ("urgent_ticket", "A ticket is urgent", ["assignee", "team_lead"]),
    ("ticket.assigned", "A ticket has somebody who works on it", ["assignee"]),
)
"""Occasion, name, recipients."""


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        required("id", IDENTIFIER),
        required("url", sa.String(2000)),
        sa.Column("description", sa.String(200)),
        required("event_types", JSON),
        required("enabled", sa.Boolean()),
        sa.Column("disabled_because", sa.String(20)),
        sa.Column("disabled_at", TIME),
        sa.Column("failing_since", TIME),
        required("secret_number", sa.Integer()),
        required("retiring", JSON),
        required("version", sa.Integer()),
        required("created_by", sa.String(200)),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("url", name=op.f("uq_webhook_endpoints_url")),
        sa.CheckConstraint(
            "disabled_because IN ('by_hand', 'gone', 'failing')",
            name=op.f("ck_webhook_endpoints_disabled_because"),
        ),
    )
    op.create_index("ix_webhook_endpoints_created_at_id", "webhook_endpoints", ["created_at", "id"])
    create_attempts()
    create_rules()


def create_attempts() -> None:
    op.create_table(
        "webhook_attempts",
        required("id", SEQUENCE),
        required("endpoint_id", IDENTIFIER),
        required("delivery_id", IDENTIFIER),
        required("event_type", sa.String(64)),
        sa.Column("ticket_id", IDENTIFIER),
        required("attempt", sa.Integer()),
        sa.Column("status", sa.Integer()),
        sa.Column("reason", sa.String(40)),
        required("duration_ms", sa.Integer()),
        required("at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_attempts_endpoint_id_webhook_endpoints"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_webhook_attempts_endpoint_id_at_id", "webhook_attempts", ["endpoint_id", "at", "id"])
    op.create_index("ix_webhook_attempts_at", "webhook_attempts", ["at"])


def create_rules() -> None:
    rules = op.create_table(
        "notification_rules",
        required("id", IDENTIFIER),
        required("name", sa.String(200)),
        required("occasion", sa.String(20)),
        required("recipients", JSON),
        required("channels", JSON),
        sa.Column("calendar_id", IDENTIFIER),
        required("enabled", sa.Boolean()),
        required("version", sa.Integer()),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_rules")),
        sa.CheckConstraint(
            f"occasion IN ({', '.join(map(repr, OCCASIONS))})", name=op.f("ck_notification_rules_occasion")
        ),
    )
    op.create_index("ix_notification_rules_created_at_id", "notification_rules", ["created_at", "id"])
    now = datetime.now(UTC)
    at = now if op.get_bind().dialect.name == "postgresql" else now.replace(tzinfo=None)
    shared = {"channels": ["log", "email"], "enabled": True, "version": 1, "created_at": at, "updated_at": at}
    op.bulk_insert(
        rules,
        [
            {
                "id": f"rule_{occasion.replace('.', '_')}",
                "name": name,
                "occasion": occasion,
                "recipients": those,
            }
            | shared
            for occasion, name, those in FIRST_RULES
        ],
    )


def downgrade() -> None:
    for table in ("notification_rules", "webhook_attempts", "webhook_endpoints"):
        op.drop_table(table)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

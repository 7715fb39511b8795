"""What people are told once they work."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)
OCCASIONS = ("sla.warning", "sla.breached", "churn_risk", "urgent_ticket", "ticket.assigned")


def upgrade() -> None:
    op.create_table(
        "held_notices",
        required("id", SEQUENCE),
        required("channel", sa.String(40)),
        required("target", sa.String(200)),
        required("position", sa.BigInteger()),
        required("ticket_id", IDENTIFIER),
        required("occasion", sa.String(20)),
        required("not_before", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_notices")),
        sa.UniqueConstraint(
            "channel", "target", "position", name=op.f("uq_held_notices_channel_target_position")
        ),
        sa.CheckConstraint(
            f"occasion IN ({', '.join(map(repr, OCCASIONS))})", name=op.f("ck_held_notices_occasion")
        ),
    )
    op.create_index("ix_held_notices_not_before", "held_notices", ["not_before"])


def downgrade() -> None:
    op.drop_table("held_notices")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

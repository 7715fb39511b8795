"""Where tickets stood in the inbox before their last changes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "past_ranks",
        required("sequence", SEQUENCE),
        required("change", sa.BigInteger()),
        required("ticket_id", sa.String(64)),
        required("waiting", sa.Boolean()),
        required("inbox_rank", sa.Float()),
        required("at", TIME),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_past_ranks")),
    )
    op.create_index("ix_past_ranks_change", "past_ranks", ["change"])
    op.create_index("ix_past_ranks_ticket_id", "past_ranks", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("past_ranks")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

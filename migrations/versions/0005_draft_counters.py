"""What became of drafts, counted by day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TONES = "('friendly', 'professional', 'empathetic', 'apologetic', 'concise')"
DAY = {"postgresql": "(generated_at AT TIME ZONE 'UTC')::date", "sqlite": "date(generated_at)"}


def upgrade() -> None:
    op.create_table(
        "draft_counters",
        required("day", sa.Date()),
        required("provider", sa.String(50)),
        required("tone", sa.String(20)),
        required("shard", sa.Integer(), autoincrement=False),
        *(required(name, sa.Integer()) for name in ("generated", "verbatim", "edited", "set_aside")),
        required("edited_share_sum", sa.Float()),
        sa.PrimaryKeyConstraint("day", "provider", "tone", "shard", name=op.f("pk_draft_counters")),
    )
    op.execute(count_those_there_are(DAY[op.get_bind().dialect.name]))


def count_those_there_are(day: str) -> str:
    """So that what becomes of them is not more than were generated."""
    outcomes = ", ".join(
        f"sum(CASE WHEN outcome = '{outcome}' THEN 1 ELSE 0 END)"
        for outcome in ("verbatim", "edited", "set_aside")
    )
    return f"""
        INSERT INTO draft_counters
            (day, provider, tone, shard, generated, verbatim, edited, set_aside, edited_share_sum)
        SELECT day, provider, tone, 0, count(*), {outcomes}, coalesce(sum(edited_share), 0)
        FROM (
            SELECT {day} AS day, provider, outcome, edited_share,
                CASE WHEN tone IN {TONES} THEN tone ELSE 'other' END AS tone
            FROM drafts
        ) AS told
        GROUP BY day, provider, tone
    """  # noqa: S608  # made of the constants above


def downgrade() -> None:
    op.drop_table("draft_counters")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

"""How far each import has come."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "import_positions",
        required("key", sa.String(64)),
        required("kind", sa.String(20)),
        required("name", sa.String(200)),
        required("line", sa.BigInteger()),
        required("read", sa.BigInteger()),
        required("created", sa.BigInteger()),
        required("updated", sa.BigInteger()),
        required("unchanged", sa.BigInteger()),
        required("rejected", sa.BigInteger()),
        required("started_at", TIME),
        required("updated_at", TIME),
        sa.Column("finished_at", TIME),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_import_positions")),
    )


def downgrade() -> None:
    op.drop_table("import_positions")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

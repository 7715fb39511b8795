"""A team may have its own way to find the agent of a ticket."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# A type of `service.columns` as it was at this version.
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("teams", sa.Column("assignment_strategies", JSON))


def downgrade() -> None:
    op.drop_column("teams", "assignment_strategies")

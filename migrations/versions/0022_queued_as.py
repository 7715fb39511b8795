"""With which reason what waits will be given: what was handed on waits as such."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# One statement: SQLite adds a constraint only along with its column.
QUEUED_AS = """
    ALTER TABLE tickets ADD COLUMN queued_as VARCHAR(20)
    CONSTRAINT ck_tickets_queued_as CHECK (queued_as IN ('manual', 'auto', 'transfer', 'escalation'))
"""


def upgrade() -> None:
    op.execute(QUEUED_AS)


def downgrade() -> None:
    op.drop_column("tickets", "queued_as")

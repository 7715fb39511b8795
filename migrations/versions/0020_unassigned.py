"""What nobody has, owner by owner."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OF_NOBODY = sa.text("assigned_to IS NULL AND deleted_at IS NULL")
INDEXES = {
    "ix_tickets_unassigned_inbox_of_owned_by": ["owned_by", "status", "waiting", "inbox_rank", "id"],
    "ix_tickets_unassigned_created_at_id": ["owned_by", "status", "created_at", "id"],
    "ix_tickets_unassigned_updated_at_id": ["owned_by", "status", "updated_at", "id"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "tickets", columns, postgresql_where=OF_NOBODY, sqlite_where=OF_NOBODY)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "tickets")

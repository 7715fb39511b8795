"""Events that are kept for good, with triggers that refuse to change them; customers who were erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")

AUDITED = sa.text("audited")
INDEXES = {
    "ix_events_audited_at_id": ["at", "id"],
    "ix_events_audited_type_at_id": ["type", "at", "id"],
    "ix_events_audited_actor_at_id": ["actor", "at", "id"],
    "ix_events_audited_subject_id_at_id": ["subject_id", "at", "id"],
}
THOSE_THERE_ARE = """
    UPDATE events SET audited = true
    WHERE subject_type = 'provider' OR type IN (
        'ticket.deleted', 'ticket.restored', 'message.deleted', 'conversation.reset'
    )
"""
FIXED = (
    "id, type, version, subject_type, subject_id, ticket_id, actor, at, before, after,"
    " audited, request_id, address"
)
REFUSAL = "an audit entry is kept as it is"

ON_SQLITE = (
    f"""
    CREATE TRIGGER events_audited_stay BEFORE DELETE ON events WHEN old.audited BEGIN
        SELECT RAISE(ABORT, '{REFUSAL}');
    END
    """,
    f"""
    CREATE TRIGGER events_audited_unchanged BEFORE UPDATE OF {FIXED} ON events WHEN old.audited BEGIN
        SELECT RAISE(ABORT, '{REFUSAL}');
    END
    """,
    f"""
    CREATE TRIGGER events_audited_only_emptied BEFORE UPDATE OF personal ON events
    WHEN old.audited AND new.personal IS NOT NULL BEGIN
        SELECT RAISE(ABORT, '{REFUSAL}');
    END
    """,
)
ON_POSTGRESQL = (
    f"""
    CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
    """,
    """
    CREATE TRIGGER events_audited_stay BEFORE DELETE ON events
    FOR EACH ROW WHEN (old.audited) EXECUTE FUNCTION refuse_to_change_audit()
    """,
    f"""
    CREATE TRIGGER events_audited_unchanged BEFORE UPDATE OF {FIXED} ON events
    FOR EACH ROW WHEN (old.audited) EXECUTE FUNCTION refuse_to_change_audit()
    """,
    """
    CREATE TRIGGER events_audited_only_emptied BEFORE UPDATE OF personal ON events
    FOR EACH ROW WHEN (old.audited AND new.personal IS NOT NULL) EXECUTE FUNCTION refuse_to_change_audit()
    """,
    """
    CREATE TRIGGER events_never_truncated BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit()
    """,
)
TRIGGERS = ("events_audited_stay", "events_audited_unchanged", "events_audited_only_emptied")


def upgrade() -> None:
    op.add_column("customers", sa.Column("erased_at", TIME))
    op.add_column("events", sa.Column("audited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("events", sa.Column("request_id", sa.String(64)))
    op.add_column("events", sa.Column("address", sa.String(45)))
    op.execute(THOSE_THERE_ARE)
    for name, columns in INDEXES.items():
        op.create_index(op.f(name), "events", columns, postgresql_where=AUDITED, sqlite_where=AUDITED)
    for statement in ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name}" + (" ON events" if on_postgresql else ""))
    if on_postgresql:
        op.execute("DROP TRIGGER events_never_truncated ON events")
        op.execute("DROP FUNCTION refuse_to_change_audit")
    for name in INDEXES:
        op.drop_index(op.f(name), "events")
    for column in ("address", "request_id", "audited"):
        op.drop_column("events", column)
    op.drop_column("customers", "erased_at")

"""The smart inbox: kept ranks and what they are made of; texts by their words."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
MONEY = sa.Numeric(18, 4).with_variant(sa.BigInteger(), "sqlite")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)
CUSTOMER_ID = sa.String(200)
DOCUMENT = postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite")

ALIVE = sa.text("deleted_at IS NULL")
ORDER = ["status", "waiting", "inbox_rank", "id"]
ORDERS = {
    "ix_tickets_updated_at_id": ["updated_at", "id"],
    "ix_tickets_status_updated_at_id": ["status", "updated_at", "id"],
    "ix_tickets_inbox": ORDER,
    "ix_tickets_inbox_of_assigned_to": ["assigned_to", *ORDER],
    "ix_tickets_inbox_of_priority": ["priority", *ORDER],
    "ix_tickets_inbox_of_channel": ["channel", *ORDER],
}
COLUMNS = (
    "inbox_rank",
    "waiting",
    "service_level_score",
    "lifetime_value",
    "churn_risk",
    "customer_sentiment",
)

ON_POSTGRESQL = (
    "CREATE INDEX ix_search_texts_document ON search_texts USING gin (document) WITH (fastupdate = off)",
    """
    CREATE FUNCTION search_texts_with(words tsquery, most integer)
    RETURNS TABLE (ticket_id varchar, customer_id varchar)
    LANGUAGE sql STABLE SET enable_seqscan = off
    AS 'SELECT t.ticket_id, t.customer_id FROM search_texts AS t WHERE t.document @@ words LIMIT most'
    """,
)
ON_SQLITE = (
    """
    CREATE VIRTUAL TABLE search_words USING fts5 (
        document, content='search_texts', content_rowid='id', tokenize='ascii'
    )
    """,
    """
    CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN
        INSERT INTO search_words (rowid, document) VALUES (new.id, new.document);
    END
    """,
    """
    CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN
        INSERT INTO search_words (search_words, rowid, document) VALUES ('delete', old.id, old.document);
    END
    """,
)


def upgrade() -> None:
    for column in (
        sa.Column("customer_sentiment", sa.Float()),
        sa.Column("churn_risk", sa.Float()),
        sa.Column("lifetime_value", MONEY),
        required("service_level_score", sa.Float(), server_default="0"),
        required("waiting", sa.Boolean(), server_default=sa.false()),
        required("inbox_rank", sa.Float(), server_default="0"),
    ):
        op.add_column("tickets", column)
    for name, columns in ORDERS.items():
        op.create_index(op.f(name), "tickets", columns, postgresql_where=ALIVE, sqlite_where=ALIVE)
    op.create_table(
        "inbox_scoring",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        required("made_with", sa.String(64)),
        sa.Column("made_to", IDENTIFIER),
        required("at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_scoring")),
    )
    create_search_texts()


def create_search_texts() -> None:
    op.create_table(
        "search_texts",
        required("id", SEQUENCE),
        required("kind", sa.String(20)),
        required("source_id", CUSTOMER_ID),
        sa.Column("ticket_id", IDENTIFIER),
        sa.Column("customer_id", CUSTOMER_ID),
        required("document", DOCUMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_texts")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_search_texts_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_search_texts_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("kind IN ('subject', 'message', 'customer')", name=op.f("ck_search_texts_kind")),
    )
    op.create_index(op.f("ix_search_texts_ticket_id"), "search_texts", ["ticket_id"])
    op.create_index(op.f("ix_search_texts_customer_id"), "search_texts", ["customer_id"])
    for statement in ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION search_texts_with")
    else:
        op.execute("DROP TABLE search_words")
    op.drop_table("search_texts")
    op.drop_table("inbox_scoring")
    for name in ORDERS:
        op.drop_index(op.f(name), "tickets")
    for column in COLUMNS:
        op.drop_column("tickets", column)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

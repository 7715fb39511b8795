"""The smart inbox: kept ranks and what they are made of; texts by their words.

What is there already is cut into words here, and read for its sentiment; its ranks, which hang on settings,
are made by the job `rank-tickets` once the service runs.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from service.text_index import lexemes_of, pieces_of
from service.tickets.sentiment import sentiment_of

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

BATCH = 500

ALIVE = sa.text("deleted_at IS NULL")
ORDER = ["status", "waiting", "inbox_rank", "id"]
ORDERS = {
    "ix_tickets_updated_at_id": ["updated_at", "id"],
    "ix_tickets_status_updated_at_id": ["status", "updated_at", "id"],
    "ix_tickets_inbox": ORDER,
    "ix_tickets_inbox_of_assigned_to": ["assigned_to", *ORDER],
    "ix_tickets_inbox_of_priority": ["priority", *ORDER],
    "ix_tickets_inbox_of_customer_id": ["customer_id", *ORDER],
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
    """
    CREATE FUNCTION search_texts_with(words tsquery, most integer)
    RETURNS TABLE (ticket_id varchar, customer_id varchar)
    LANGUAGE sql STABLE SET enable_seqscan = off
    AS 'SELECT t.ticket_id, t.customer_id FROM search_texts AS t WHERE t.document @@ words LIMIT most'
    """,
)
INDEXED_ONCE_FILLED = (
    "CREATE INDEX ix_search_texts_document ON search_texts USING gin (document) WITH (fastupdate = off)"
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
    fill_search_texts()
    read_conversations()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(INDEXED_ONCE_FILLED)


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


def fill_search_texts() -> None:
    for rows in batches("SELECT id, name, email FROM customers WHERE id > :last ORDER BY id LIMIT :most"):
        index(
            "customer",
            "customer_id",
            [(row.id, row.id, f"{row.name or ''} {row.email or ''}") for row in rows],
        )
    for rows in batches("SELECT id, subject FROM tickets WHERE id > :last ORDER BY id LIMIT :most"):
        index("subject", "ticket_id", [(row.id, row.id, row.subject) for row in rows])
    for rows in batches(
        "SELECT id, ticket_id, content FROM messages"
        " WHERE id > :last AND deleted_at IS NULL ORDER BY id LIMIT :most"
    ):
        index("message", "ticket_id", [(row.id, row.ticket_id, row.content) for row in rows])


def index(kind: str, owner: str, texts: Sequence[tuple[str, str, str]]) -> None:
    """`texts`: the id of each, of whose it is, and what it says."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    rows = [
        {"source": source_id, "owner": owner_id, "words": lexemes_of(words) if on_postgresql else words}
        for source_id, owner_id, text in texts
        for words in pieces_of(text)
    ]
    document = "CAST(:words AS tsvector)" if on_postgresql else ":words"
    insert = sa.text(
        f"INSERT INTO search_texts (kind, source_id, {owner}, document)"  # noqa: S608  # names of our own
        f" VALUES ('{kind}', :source, :owner, {document})"
    )
    if rows:
        op.get_bind().execute(insert, rows)


def read_conversations() -> None:
    op.execute(
        "UPDATE tickets SET waiting = true WHERE waiting_since IS NOT NULL AND status IN ('open', 'pending')"
    )
    last = """
        SELECT t.id, (
            SELECT m.content FROM messages AS m
            WHERE m.ticket_id = t.id AND m.deleted_at IS NULL AND NOT m.from_agent
            ORDER BY m.created_at DESC, m.sequence DESC LIMIT 1
        ) AS content
        FROM tickets AS t WHERE t.id > :last ORDER BY t.id LIMIT :most
    """
    update = sa.text("UPDATE tickets SET customer_sentiment = :sentiment WHERE id = :id")
    for rows in batches(last):
        read = [
            {"id": row.id, "sentiment": sentiment_of(row.content)} for row in rows if row.content is not None
        ]
        if read:
            op.get_bind().execute(update, read)


def batches(query: str) -> Iterator[Sequence[Any]]:
    """Rows by id, so that a large desk never stands in memory."""
    last = ""
    while rows := op.get_bind().execute(sa.text(query), {"last": last, "most": BATCH}).all():
        yield rows
        last = rows[-1].id


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

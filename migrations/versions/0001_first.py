"""The first schema: customers with orders, tickets with messages, intelligence, events, timed work."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
MONEY = sa.Numeric(18, 4).with_variant(sa.BigInteger(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)
CUSTOMER_ID = sa.String(200)

TABLES = (
    "customers",
    "orders",
    "order_lines",
    "refunds",
    "tickets",
    "ticket_tags",
    "messages",
    "ticket_counters",
    "customer_snapshots",
    "drafts",
    "recommendations",
    "provider_outcomes",
    "events",
    "idempotency_keys",
    "job_leases",
)


def upgrade() -> None:
    create_customers()
    create_orders()
    create_tickets()
    create_ticket_parts()
    create_messages()
    create_snapshots()
    create_drafts()
    create_recommendations()
    create_events()
    create_idempotency_keys()
    create_timed_work()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)


def optional(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def unique(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(column, name=op.f(f"uq_{table}_{column}"))


def refers(table: str, column: str, to: str, *, ondelete: str | None = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete=ondelete
    )


def one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def share(table: str, column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} BETWEEN 0 AND 1", name=op.f(f"ck_{table}_{column}"))


def index(table: str, *columns: str, where: str | None = None) -> None:
    partial = {} if where is None else {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), **partial)


def create_customers() -> None:
    op.create_table(
        "customers",
        required("id", CUSTOMER_ID),
        required("ref", IDENTIFIER),
        required("external_ids", JSON),
        optional("name", sa.String(200)),
        optional("email", sa.String(320)),
        optional("phone", sa.String(50)),
        optional("locale", sa.String(35)),
        optional("time_zone", sa.String(64)),
        required("preferences", JSON),
        required("created_at", TIME),
        required("updated_at", TIME),
        key("customers", "id"),
        unique("customers", "ref"),
    )
    index("customers", "created_at", "id")
    op.create_index(op.f("ix_customers_email_lower"), "customers", [sa.text("lower(email)")])


def create_orders() -> None:
    op.create_table(
        "orders",
        required("id", IDENTIFIER),
        required("external_id", sa.String(200)),
        required("customer_id", CUSTOMER_ID),
        required("ordered_at", TIME),
        required("currency", sa.String(3)),
        required("status", sa.String(50)),
        optional("fulfillment_status", sa.String(50)),
        required("total", MONEY),
        optional("discount", MONEY),
        optional("channel", sa.String(50)),
        optional("tracking", JSON),
        required("created_at", TIME),
        required("updated_at", TIME),
        key("orders", "id"),
        unique("orders", "external_id"),
        refers("orders", "customer_id", "customers"),
    )
    index("orders", "customer_id", "ordered_at")
    op.create_table(
        "order_lines",
        required("order_id", IDENTIFIER),
        required("position", sa.Integer(), autoincrement=False),
        required("title", sa.Text()),
        optional("product_id", sa.String(200)),
        optional("vendor", sa.String(200)),
        optional("category", sa.String(200)),
        required("quantity", sa.Integer()),
        required("price", MONEY),
        optional("discount", MONEY),
        key("order_lines", "order_id", "position"),
        refers("order_lines", "order_id", "orders"),
    )
    op.create_table(
        "refunds",
        required("order_id", IDENTIFIER),
        required("external_id", sa.String(200)),
        required("at", TIME),
        required("amount", MONEY),
        key("refunds", "order_id", "external_id"),
        refers("refunds", "order_id", "orders"),
    )


def create_tickets() -> None:
    op.create_table(
        "tickets",
        required("id", IDENTIFIER),
        optional("external_id", sa.String(200)),
        required("customer_id", CUSTOMER_ID),
        required("subject", sa.Text()),
        required("status", sa.String(20)),
        required("priority", sa.String(20)),
        required("channel", sa.String(20)),
        optional("assigned_to", sa.String(200)),
        required("custom_fields", JSON),
        required("version", sa.Integer()),
        required("conversation_version", sa.Integer()),
        required("message_count", sa.Integer()),
        optional("last_message_preview", sa.String(200)),
        optional("last_message_at", TIME),
        optional("last_message_from_agent", sa.Boolean()),
        *(optional(name, TIME) for name in ("waiting_since", "first_response_at", "resolved_at")),
        *(optional(name, TIME) for name in ("closed_at", "deleted_at")),
        required("created_at", TIME),
        required("updated_at", TIME),
        key("tickets", "id"),
        unique("tickets", "external_id"),
        refers("tickets", "customer_id", "customers", ondelete=None),
        one_of("tickets", "status", "open", "pending", "resolved", "closed"),
        one_of("tickets", "priority", "urgent", "high", "normal", "low"),
        one_of("tickets", "channel", "email", "sms", "phone", "chat", "form"),
    )
    alive = "deleted_at IS NULL"
    index("tickets", "created_at", "id", where=alive)
    index("tickets", "status", "created_at", "id", where=alive)
    index("tickets", "assigned_to", "created_at", "id", where=alive)
    index("tickets", "customer_id", "created_at", "id")


def create_ticket_parts() -> None:
    op.create_table(
        "ticket_tags",
        required("ticket_id", IDENTIFIER),
        required("tag", sa.String(100)),
        key("ticket_tags", "ticket_id", "tag"),
        refers("ticket_tags", "ticket_id", "tickets"),
    )
    index("ticket_tags", "tag", "ticket_id")
    op.create_table(
        "ticket_counters",
        required("status", sa.String(20)),
        required("shard", sa.Integer(), autoincrement=False),
        required("tickets", sa.Integer()),
        key("ticket_counters", "status", "shard"),
        one_of("ticket_counters", "status", "open", "pending", "resolved", "closed"),
    )


def create_messages() -> None:
    op.create_table(
        "messages",
        required("sequence", SEQUENCE),
        required("id", IDENTIFIER),
        optional("external_id", sa.String(200)),
        required("ticket_id", IDENTIFIER),
        required("from_agent", sa.Boolean()),
        required("content", sa.Text()),
        optional("original_content", sa.Text()),
        optional("author_name", sa.String(200)),
        optional("author_email", sa.String(320)),
        required("send_to_customer", sa.Boolean()),
        optional("draft_id", IDENTIFIER),
        required("created_at", TIME),
        optional("edited_at", TIME),
        optional("deleted_at", TIME),
        key("messages", "sequence"),
        unique("messages", "id"),
        unique("messages", "external_id"),
        refers("messages", "ticket_id", "tickets"),
    )
    index("messages", "ticket_id", "created_at", "sequence")


def create_snapshots() -> None:
    op.create_table(
        "customer_snapshots",
        required("customer_id", CUSTOMER_ID),
        required("capability", sa.String(50)),
        required("arguments", sa.String(200)),
        required("provider", sa.String(50)),
        required("as_of", TIME),
        required("known", sa.Boolean()),
        optional("refresh_due_since", TIME),
        required("answer", sa.Text()),
        optional("churn_risk", sa.Float()),
        optional("churn_risk_level", sa.String(50)),
        optional("lifetime_value", MONEY),
        optional("currency", sa.String(3)),
        optional("archetype_id", sa.String(200)),
        key("customer_snapshots", "customer_id", "capability", "arguments", "provider"),
        refers("customer_snapshots", "customer_id", "customers"),
        share("customer_snapshots", "churn_risk"),
    )
    index("customer_snapshots", "refresh_due_since", where="refresh_due_since IS NOT NULL")


def provenance() -> list[sa.Column[Any]]:
    return [
        required("provider", sa.String(50)),
        required("source", sa.String(20)),
        required("degraded", sa.Boolean()),
        optional("reason", sa.String(50)),
        required("as_of", TIME),
    ]


def create_drafts() -> None:
    op.create_table(
        "drafts",
        required("id", IDENTIFIER),
        required("ticket_id", IDENTIFIER),
        required("conversation_version", sa.Integer()),
        required("sticky", sa.Boolean()),
        required("content", sa.Text()),
        required("tone", sa.String(50)),
        required("channel", sa.String(20)),
        *(required(name, JSON) for name in ("options", "personalization_applied", "warnings", "facts")),
        *provenance(),
        required("generated_at", TIME),
        required("outcome", sa.String(20)),
        optional("edited_share", sa.Float()),
        optional("outcome_at", TIME),
        key("drafts", "id"),
        refers("drafts", "ticket_id", "tickets"),
        one_of("drafts", "outcome", "unused", "verbatim", "edited", "set_aside"),
        share("drafts", "edited_share"),
    )
    index("drafts", "ticket_id", "generated_at")
    index("drafts", "generated_at")


def create_recommendations() -> None:
    op.create_table(
        "recommendations",
        required("id", IDENTIFIER),
        required("ticket_id", IDENTIFIER),
        required("conversation_version", sa.Integer()),
        required("facts_fingerprint", sa.String(64)),
        required("priority", sa.String(20)),
        *(required(name, JSON) for name in ("actions", "warnings", "talking_points")),
        *(required(name, JSON) for name in ("estimated_impact", "facts")),
        *provenance(),
        required("created_at", TIME),
        required("updated_at", TIME),
        key("recommendations", "id"),
        refers("recommendations", "ticket_id", "tickets"),
    )
    index("recommendations", "ticket_id", "created_at")


def create_events() -> None:
    op.create_table(
        "events",
        required("id", SEQUENCE),
        required("type", sa.String(64)),
        required("version", sa.Integer()),
        required("subject_type", sa.String(32)),
        required("subject_id", IDENTIFIER),
        optional("ticket_id", IDENTIFIER),
        required("actor", sa.String(200)),
        required("at", TIME),
        optional("before", JSON),
        optional("after", JSON),
        optional("personal", JSON),
        key("events", "id"),
    )
    index("events", "ticket_id", "at", "id")
    index("events", "subject_id", "at", "id")


def create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        required("scope", sa.String(300)),
        required("key", sa.String(255)),
        required("request_hash", sa.String(64)),
        required("locked_until", TIME),
        optional("status", sa.Integer()),
        optional("response_headers", JSON),
        optional("response_body", sa.LargeBinary()),
        optional("customer_id", CUSTOMER_ID),
        required("created_at", TIME),
        required("expires_at", TIME),
        key("idempotency_keys", "scope", "key"),
    )
    index("idempotency_keys", "expires_at")
    index("idempotency_keys", "customer_id")


def create_timed_work() -> None:
    op.create_table(
        "job_leases",
        required("name", sa.String(64)),
        required("due_at", TIME),
        optional("holder", sa.String(200)),
        optional("leased_until", TIME),
        optional("last_started_at", TIME),
        optional("last_finished_at", TIME),
        optional("last_failure", sa.String(200)),
        key("job_leases", "name"),
    )
    op.create_table(
        "provider_outcomes",
        required("provider", sa.String(50)),
        required("connection", sa.String(20)),
        optional("reason", sa.String(50)),
        required("at", TIME),
        key("provider_outcomes", "provider"),
        one_of("provider_outcomes", "connection", "connected", "unavailable"),
    )

"""What is counted of each customer's orders and contacts, and the versions of what is fitted to them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# The types of `service.columns` and of the models as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SUM = sa.Numeric(38, 4).with_variant(sa.String(40), "sqlite")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DUE = sa.text("orders_due OR contacts_due")


def upgrade() -> None:
    op.create_table(
        "customer_statistics",
        required("customer_id", sa.String(200)),
        required("orders_due", sa.Boolean()),
        required("contacts_due", sa.Boolean()),
        sa.Column("first_day", sa.Integer()),
        sa.Column("last_day", sa.Integer()),
        required("order_days", sa.Integer()),
        required("orders", sa.Integer()),
        required("recent_order_days", sa.Integer()),
        required("recent_days", JSON),
        sa.Column("currency", sa.String(3)),
        required("mixed_currency", sa.Boolean()),
        required("net_spend", SUM),
        required("positive_days", sa.Integer()),
        required("positive_spend", SUM),
        required("last_day_net", SUM),
        required("discounted_orders", sa.Integer()),
        required("refunds", sa.Integer()),
        required("lines", sa.Integer()),
        required("uncategorised_lines", sa.Integer()),
        required("categories", JSON),
        required("pieces", SEQUENCE),
        required("pieces_spend", SUM),
        required("month_days", JSON),
        required("gap_log_milli", SEQUENCE),
        required("contacts", JSON),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_statistics")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name=op.f("fk_customer_statistics_customer_id_customers"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_customer_statistics_last_day", "customer_statistics", ["last_day"])
    op.create_index(
        "ix_customer_statistics_due",
        "customer_statistics",
        ["customer_id"],
        postgresql_where=DUE,
        sqlite_where=DUE,
    )
    op.create_table(
        "shop_parameters",
        required("version", SEQUENCE),
        required("fitted_at", TIME),
        required("fitted_by", sa.String(200)),
        required("adopted", sa.Boolean()),
        sa.Column("refusal", sa.String(500)),
        required("parameters", JSON),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_shop_parameters")),
    )


def downgrade() -> None:
    op.drop_table("shop_parameters")
    op.drop_table("customer_statistics")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

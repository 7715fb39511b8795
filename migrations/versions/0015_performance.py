"""Figures of agents, teams and days, and by what customers at risk are found."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MONEY = sa.Numeric(18, 4).with_variant(sa.BigInteger(), "sqlite")
AT_RISK = sa.text("risk_class IS NOT NULL")

# As `service.intelligence.risk_classes` made them at this version. On SQLite an amount is a whole number of
# ten-thousandths, so the product is one, too.
CLASSED = """
    UPDATE customer_snapshots SET
        revenue_at_risk = {product},
        risk_class = {currency} || {step} || churn_risk_level
    WHERE capability = 'analyze' AND churn_risk IS NOT NULL AND churn_risk_level IS NOT NULL
        AND {product} > 0
"""
OF_POSTGRESQL = {
    "product": "round(CAST(churn_risk AS numeric) * lifetime_value, 4)",
    "currency": "rpad(coalesce(currency, ''), 3)",
    "step": "lpad(CAST(trunc(CAST(churn_risk AS numeric) * 20) AS text), 2, '0')",
}
OF_SQLITE = {
    "product": "CAST(round(churn_risk * lifetime_value) AS INTEGER)",
    "currency": "substr(coalesce(currency, '') || '   ', 1, 3)",
    "step": "printf('%02d', CAST(churn_risk * 20 + 1e-9 AS INTEGER))",
}


def upgrade() -> None:
    op.create_table(
        "performance_figures",
        required("scope", sa.String(80)),
        required("span", sa.String(20)),
        required("slot", sa.Integer(), autoincrement=False),
        required("counts", JSON),
        required("spread", sa.LargeBinary()),
        required("levels", JSON),
        sa.PrimaryKeyConstraint("scope", "span", "slot", name=op.f("pk_performance_figures")),
        sa.CheckConstraint("span IN ('day', 'year')", name=op.f("ck_performance_figures_span")),
    )
    op.create_table(
        "performance_histories",
        required("id", sa.String(64)),
        required("kind", sa.String(20)),
        required("history", sa.Text()),
        sa.Column("sealed", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_histories")),
        sa.CheckConstraint("kind IN ('ticket', 'agent')", name=op.f("ck_performance_histories_kind")),
    )
    op.create_table(
        "performance_progress",
        required("id", sa.Integer(), autoincrement=False),
        required("position", sa.BigInteger()),
        sa.Column("sealed_slot", sa.Integer()),
        required("sealed_position", sa.BigInteger()),
        required("base_position", sa.BigInteger()),
        sa.Column("sealed_at", TIME),
        sa.Column("sealed_by", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_performance_progress")),
    )
    op.add_column("customer_snapshots", sa.Column("revenue_at_risk", MONEY))
    op.add_column("customer_snapshots", sa.Column("risk_class", sa.String(55)))
    parts = OF_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else OF_SQLITE
    op.execute(CLASSED.format(**parts))
    op.create_index(
        "ix_customer_snapshots_at_risk",
        "customer_snapshots",
        ["risk_class", "revenue_at_risk", "customer_id"],
        postgresql_where=AT_RISK,
        sqlite_where=AT_RISK,
    )


def downgrade() -> None:
    op.drop_index("ix_customer_snapshots_at_risk", "customer_snapshots")
    op.drop_column("customer_snapshots", "risk_class")
    op.drop_column("customer_snapshots", "revenue_at_risk")
    op.drop_table("performance_progress")
    op.drop_table("performance_histories")
    op.drop_table("performance_figures")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

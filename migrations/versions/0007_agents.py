"""Agents and teams; whose a ticket is."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
IDENTIFIER = sa.String(64)

ALIVE = sa.text("deleted_at IS NULL")
BY_RANK = ["owned_by", "status", "waiting", "inbox_rank", "id"]
BY_CHANGE = ["owned_by", "status", "updated_at", "id"]
BY_AGE = ["owned_by", "status", "created_at", "id"]


def upgrade() -> None:
    create_agents()
    create_teams()
    op.add_column("tickets", sa.Column("team_id", IDENTIFIER))
    op.add_column("tickets", required("owned_by", IDENTIFIER, server_default=""))
    for name, columns in (
        ("ix_tickets_inbox_of_owned_by", BY_RANK),
        ("ix_tickets_owned_by_status_updated_at_id", BY_CHANGE),
    ):
        op.create_index(op.f(name), "tickets", columns, postgresql_where=ALIVE, sqlite_where=ALIVE)
    op.create_index(op.f("ix_tickets_owned_by_status_created_at_id"), "tickets", BY_AGE)


def create_agents() -> None:
    op.create_table(
        "agents",
        required("id", IDENTIFIER),
        required("email", sa.String(320)),
        required("name", sa.String(200)),
        required("folded_name", sa.String(600)),
        required("role", sa.String(20)),
        required("status", sa.String(20)),
        sa.Column("department", sa.String(200)),
        required("languages", JSON),
        required("specialisations", JSON),
        required("capacity", sa.Integer()),
        required("active", sa.Boolean()),
        required("version", sa.Integer()),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("email", name=op.f("uq_agents_email")),
        sa.CheckConstraint(
            "role IN ('agent', 'senior_agent', 'team_lead', 'manager', 'admin')", name=op.f("ck_agents_role")
        ),
        sa.CheckConstraint("status IN ('online', 'away', 'busy', 'offline')", name=op.f("ck_agents_status")),
    )
    op.create_index(op.f("ix_agents_created_at_id"), "agents", ["created_at", "id"])
    op.create_index(op.f("ix_agents_role_active"), "agents", ["role", "active"])


def create_teams() -> None:
    op.create_table(
        "teams",
        required("id", IDENTIFIER),
        required("name", sa.String(200)),
        required("folded_name", sa.String(600)),
        sa.Column("department", sa.String(200)),
        sa.Column("lead_id", IDENTIFIER),
        required("version", sa.Integer()),
        required("created_at", TIME),
        required("updated_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_teams_folded_name")),
        sa.ForeignKeyConstraint(["lead_id"], ["agents.id"], name=op.f("fk_teams_lead_id_agents")),
    )
    op.create_index(op.f("ix_teams_created_at_id"), "teams", ["created_at", "id"])
    op.create_table(
        "team_members",
        required("team_id", IDENTIFIER),
        required("agent_id", IDENTIFIER),
        required("joined_at", TIME),
        sa.PrimaryKeyConstraint("team_id", "agent_id", name=op.f("pk_team_members")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id_teams"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_team_members_agent_id_agents")),
    )
    op.create_index(op.f("ix_team_members_agent_id_team_id"), "team_members", ["agent_id", "team_id"])


def downgrade() -> None:
    for name in (
        "ix_tickets_inbox_of_owned_by",
        "ix_tickets_owned_by_status_updated_at_id",
        "ix_tickets_owned_by_status_created_at_id",
    ):
        op.drop_index(op.f(name), "tickets")
    for column in ("owned_by", "team_id"):
        op.drop_column("tickets", column)
    for table in ("team_members", "teams", "agents"):
        op.drop_table(table)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

"""Who has which ticket since when, and how many; what waits to be handed out; since when agents are away."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IDENTIFIER = sa.String(64)

PRESENT = sa.text("ended_at IS NULL")
QUEUED = sa.text("queued AND deleted_at IS NULL")

# Ids are 22 random characters behind `assignment_`; these are told by their tickets, which is as unique.
ALREADY_ASSIGNED = """
    INSERT INTO assignments
        (id, ticket_id, agent_id, team_id, reason, strategies, over_capacity, assigned_at)
    SELECT 'assignment_' || tickets.id, tickets.id, agents.id, tickets.team_id, 'manual', '[]', {no},
        (SELECT max(events.at) FROM events
         WHERE events.ticket_id = tickets.id
         AND events.type IN ('ticket.created', 'ticket.updated')
         AND {told} = tickets.assigned_to)
    FROM agents JOIN tickets ON tickets.assigned_to = agents.id
    WHERE tickets.status IN ('open', 'pending') AND tickets.deleted_at IS NULL
    ORDER BY tickets.created_at, tickets.id
"""
LOADS = """
    INSERT INTO agent_loads (agent_id, tickets, last_assigned_at)
    SELECT agent_id, count(*), max(assigned_at) FROM assignments GROUP BY agent_id ORDER BY agent_id
"""


def upgrade() -> None:
    op.add_column("agents", sa.Column("status_since", TIME))
    op.create_index("ix_agents_status_active", "agents", ["status", "active", "status_since"])
    op.add_column("tickets", required("queued", sa.Boolean(), server_default=sa.false()))
    op.create_index(
        "ix_tickets_queued",
        "tickets",
        ["owned_by", "waiting", "inbox_rank", "id"],
        postgresql_where=QUEUED,
        sqlite_where=QUEUED,
    )
    create_assignments()
    op.create_table(
        "agent_loads",
        required("agent_id", IDENTIFIER),
        required("tickets", sa.Integer()),
        sa.Column("last_assigned_at", TIME),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent_loads")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_loads_agent_id_agents")),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    told = "json_extract(events.after, '$.assigned_to')" if sqlite else "events.after ->> 'assigned_to'"
    op.execute(ALREADY_ASSIGNED.format(told=told, no="0" if sqlite else "false"))
    op.execute(LOADS)


def create_assignments() -> None:
    op.create_table(
        "assignments",
        required("sequence", SEQUENCE),
        required("id", IDENTIFIER),
        required("ticket_id", IDENTIFIER),
        required("agent_id", IDENTIFIER),
        sa.Column("team_id", IDENTIFIER),
        required("reason", sa.String(20)),
        required("strategies", JSON),
        sa.Column("why", sa.Text()),
        sa.Column("assigned_by", sa.String(200)),
        required("over_capacity", sa.Boolean()),
        sa.Column("assigned_at", TIME),
        sa.Column("accepted_at", TIME),
        sa.Column("completed_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("ending", sa.String(20)),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_assignments")),
        sa.UniqueConstraint("id", name=op.f("uq_assignments_id")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_assignments_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_assignments_agent_id_agents")),
        sa.CheckConstraint(
            "reason IN ('manual', 'auto', 'transfer', 'escalation')", name=op.f("ck_assignments_reason")
        ),
        sa.CheckConstraint(
            "ending IN ('transferred', 'unassigned', 'completed', 'returned', 'deactivated', 'deleted')",
            name=op.f("ck_assignments_ending"),
        ),
    )
    for name, columns, unique in (
        ("uq_assignments_present_ticket_id", ["ticket_id"], True),
        ("ix_assignments_present_agent_id", ["agent_id", "ticket_id"], False),
    ):
        op.create_index(
            name, "assignments", columns, unique=unique, postgresql_where=PRESENT, sqlite_where=PRESENT
        )
    op.create_index("ix_assignments_ticket_id_sequence", "assignments", ["ticket_id", "sequence"])


def downgrade() -> None:
    op.drop_table("agent_loads")
    op.drop_table("assignments")
    op.drop_index("ix_tickets_queued", "tickets")
    op.drop_column("tickets", "queued")
    op.drop_index("ix_agents_status_active", "agents")
    op.drop_column("agents", "status_since")


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

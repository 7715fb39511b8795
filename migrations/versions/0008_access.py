"""Passwords, sessions and their tokens, invitations, API keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# The types of `service.columns` as they were at this version.
TIME = sa.DateTime().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
IDENTIFIER = sa.String(64)
DIGEST = sa.String(64)


def upgrade() -> None:
    create_sign_in()
    op.create_table(
        "api_keys",
        required("id", IDENTIFIER),
        required("name", sa.String(40)),
        required("prefix", sa.String(16)),
        required("sha256", DIGEST),
        required("scopes", JSON),
        required("origins", JSON),
        sa.Column("expires_at", TIME),
        required("created_by", sa.String(200)),
        required("created_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_index(op.f("ix_api_keys_created_at_id"), "api_keys", ["created_at", "id"])


def create_sign_in() -> None:
    op.create_table(
        "credentials",
        required("agent_id", IDENTIFIER),
        required("password_hash", sa.String(200)),
        required("changed_at", TIME),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_credentials")),
        of_agent("credentials"),
    )
    op.create_table(
        "sessions",
        required("id", IDENTIFIER),
        required("agent_id", IDENTIFIER),
        required("created_at", TIME),
        required("expires_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("ended_because", sa.String(20)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        of_agent("sessions"),
    )
    op.create_index(op.f("ix_sessions_agent_id"), "sessions", ["agent_id"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        required("sha256", DIGEST),
        required("session_id", IDENTIFIER),
        required("issued_at", TIME),
        required("expires_at", TIME),
        sa.Column("used_at", TIME),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_refresh_tokens")),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_refresh_tokens_session_id_sessions"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_refresh_tokens_session_id"), "refresh_tokens", ["session_id"])
    op.create_table(
        "invitations",
        required("agent_id", IDENTIFIER),
        required("sha256", DIGEST),
        required("created_by", sa.String(200)),
        required("created_at", TIME),
        required("expires_at", TIME),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("sha256", name=op.f("uq_invitations_sha256")),
        of_agent("invitations"),
    )


def downgrade() -> None:
    for table in ("api_keys", "invitations", "refresh_tokens", "sessions", "credentials"):
        op.drop_table(table)


def of_agent(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f(f"fk_{table}_agent_id_agents"))


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, **options)

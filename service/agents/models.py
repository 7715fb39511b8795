from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json, short_enum
from service.permissions import Role


class AgentStatus(StrEnum):
    ONLINE = "online"
    AWAY = "away"
    BUSY = "busy"
    OFFLINE = "offline"


class Agent(Base):
    """Who works at the desk. Nobody is ever deleted: what they did names them.

    `email` is kept in lower case, `folded_name` is the name without case. `capacity`: how many tickets at
    once. `status_since` is null where the status has not changed since it was kept. `version` counts every
    change.
    """

    __tablename__ = "agents"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(String(600))
    role: Mapped[Role] = mapped_column(short_enum(Role, "role"))
    status: Mapped[AgentStatus] = mapped_column(short_enum(AgentStatus, "status"))
    status_since: Mapped[datetime | None]
    department: Mapped[str | None] = mapped_column(String(200))
    languages: Mapped[list[str]] = mapped_column(Json, default=list)
    specialisations: Mapped[list[str]] = mapped_column(Json, default=list)
    capacity: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_agents_created_at_id", "created_at", "id"),
        Index("ix_agents_role_active", "role", "active"),
        Index("ix_agents_status_active", "status", "active", "status_since"),
    )


class Team(Base):
    """`folded_name`, without case, is no other team's. `version` counts every change but of members.

    `assignment_strategies`: names in their order; None where the team goes by those of the desk.
    """

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(String(600), unique=True)
    department: Mapped[str | None] = mapped_column(String(200))
    lead_id: Mapped[str | None] = mapped_column(ForeignKey("agents.id"))
    assignment_strategies: Mapped[list[str] | None] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_teams_created_at_id", "created_at", "id"),)


class TeamMember(Base):
    __tablename__ = "team_members"

    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    joined_at: Mapped[datetime]

    __table_args__ = (Index("ix_team_members_agent_id_team_id", "agent_id", "team_id"),)

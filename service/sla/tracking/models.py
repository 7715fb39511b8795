from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json, Sequence, short_enum
from service.sla.policies import Target
from service.sla.timeline import Status
from service.tickets.models import NOBODYS, Priority

BREACHED = text("breached_at IS NOT NULL")
AT_RISK = text("status = 'at_risk'")
CHECKED = text("next_check_at IS NOT NULL")
UNMET = text("met_at IS NULL")


def _some(name: str, where: Any, *columns: str) -> Index:
    return Index(name, *columns, postgresql_where=where, sqlite_where=where)


class KeptTarget(Base):
    """One promise to a ticket, a cycle of its target, as it stood at `made_at`.

    `policy_id` is None, and all that it promises with it, where nothing is promised any more. What was met
    stays as it was then judged. `next_check_at`: when it will be another by itself.
    `warning_told_at` and `breach_told_at`: when the event was recorded, once for each cycle.
    `priority`, `team_id`, `agent_id` and `owned_by` are the ticket's.
    `counted`: in which counters it is, and as what; None while in none.
    """

    __tablename__ = "ticket_targets"

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    target: Mapped[Target] = mapped_column(short_enum(Target, "target"))
    cycle_at: Mapped[datetime]
    policy_id: Mapped[str | None] = mapped_column(Identifier)
    policy_version: Mapped[int | None]
    calendar_id: Mapped[str | None] = mapped_column(Identifier)
    calendar_version: Mapped[int | None]
    length_s: Mapped[int | None] = mapped_column(Integer)
    begin: Mapped[datetime]
    status: Mapped[Status] = mapped_column(short_enum(Status, "status"))
    warn_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime | None]
    elapsed_us: Mapped[int] = mapped_column(BigInteger)
    breached_at: Mapped[datetime | None]
    met_at: Mapped[datetime | None]
    paused_since: Mapped[datetime | None]
    warning_told_at: Mapped[datetime | None]
    breach_told_at: Mapped[datetime | None]
    priority: Mapped[Priority] = mapped_column(short_enum(Priority, "priority"))
    team_id: Mapped[str | None] = mapped_column(Identifier)
    agent_id: Mapped[str | None] = mapped_column(Identifier)
    owned_by: Mapped[str] = mapped_column(Identifier, default=NOBODYS)
    counted: Mapped[dict[str, Any] | None] = mapped_column(Json)
    made_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_ticket_targets_ticket_id_target_cycle_at", "ticket_id", "target", "cycle_at", unique=True),
        _some("ix_ticket_targets_next_check_at", CHECKED, "next_check_at"),
        _some("ix_ticket_targets_policy_id_ticket_id", UNMET, "policy_id", "ticket_id"),
        _some("ix_ticket_targets_breached", BREACHED, "breached_at", "id"),
        *(
            _some(f"ix_ticket_targets_breached_of_{column}", BREACHED, column, "breached_at", "id")
            for column in ("policy_id", "priority", "team_id", "agent_id", "owned_by")
        ),
        _some("ix_ticket_targets_at_risk", AT_RISK, "due_at", "id"),
        *(
            _some(f"ix_ticket_targets_at_risk_of_{column}", AT_RISK, column, "due_at", "id")
            for column in ("policy_id", "priority", "team_id", "agent_id", "owned_by")
        ),
    )


class TrackingState(Base):
    """One row, which is held by whoever brings targets up to date: one at a time.

    `since`: nothing was promised before it; None on a desk that promised from its first ticket on.
    `made_with`: of what the kept targets are made beside policies and history.
    """

    __tablename__ = "service_level_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[datetime | None]
    made_with: Mapped[str] = mapped_column(String(64))


class Renewal(Base):
    """Tickets whose targets are to be made anew, and how far that is.

    `ticket_id`: one of them. Else `policy_id`: those that are under the policy, by their ids; None for all
    that are open, by status, `created_at`, id.
    """

    __tablename__ = "service_level_renewals"

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    ticket_id: Mapped[str | None] = mapped_column(Identifier)
    policy_id: Mapped[str | None] = mapped_column(Identifier)
    after_status: Mapped[str | None] = mapped_column(String(20))
    after_created_at: Mapped[datetime | None]
    after_id: Mapped[str] = mapped_column(Identifier)


class ComplianceCounter(Base):
    """How many promises were met or breached, in a span of time, of one value of a dimension.

    `grain` is `day` or `quarter`, an hour's; `begin` in UTC. `value`: the id of a policy, team or agent, a
    priority, or nothing where there is none, and for the dimension `all`.
    """

    __tablename__ = "service_level_counters"

    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    grain: Mapped[str] = mapped_column(String(10), primary_key=True)
    begin: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(Identifier, primary_key=True)
    target: Mapped[Target] = mapped_column(short_enum(Target, "target"), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10), primary_key=True)
    cycles: Mapped[int] = mapped_column(default=0)

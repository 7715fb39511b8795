"""Statements over assignments and loads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, false, func, select, text, update
from sqlalchemy.orm import Session

from service.agents.models import Agent, AgentStatus, TeamMember
from service.assignment.models import AgentLoad, Assignment
from service.http.pagination import Page
from service.tickets.handing import AssignmentEnding, Taker
from service.tickets.models import Ticket
from service.tickets.queries import bounded
from service.writes import Write, recorded, write

COUNTED = 1_001

_UNSYNCHRONISED: Mapping[str, Any] = {"synchronize_session": False}
_WRITTEN = tuple(column.name for column in Assignment.__table__.columns if column.name != "sequence")
_ASSIGNMENTS = Write.inserting(Assignment.__table__, _WRITTEN)
_KEPT = AgentLoad.__tablename__
_FREED = Write(
    _KEPT,
    of_json=recorded(AgentLoad.__table__, ("agent_id", "tickets"), known_as="kept")
    + " ON CONFLICT (agent_id) DO UPDATE SET tickets = kept.tickets + excluded.tickets",
    one_by_one=text(
        f"INSERT INTO {_KEPT} (agent_id, tickets) VALUES (:agent_id, :tickets)"  # noqa: S608  # a name of ours
        " ON CONFLICT (agent_id) DO UPDATE SET tickets = tickets + excluded.tickets"
    ),
)
_TAKEN = text(
    f"INSERT INTO {_KEPT} AS kept (agent_id, tickets, last_assigned_at)"  # noqa: S608  # a name of ours
    " VALUES (:agent_id, :tickets, :at) ON CONFLICT (agent_id) DO UPDATE"
    " SET tickets = kept.tickets + excluded.tickets,"
    " last_assigned_at = coalesce(excluded.last_assigned_at, kept.last_assigned_at)"
    " WHERE kept.tickets + excluded.tickets <= :most RETURNING tickets"
).bindparams(bindparam("at", type_=AgentLoad.last_assigned_at.type))
_KNOWN = select(Agent.id, Agent.active, Agent.capacity).where(Agent.id.in_(bindparam("ids", expanding=True)))
_MEMBER = select(TeamMember.agent_id).where(
    TeamMember.team_id == bindparam("team_id"), TeamMember.agent_id == bindparam("agent_id")
)
_PRESENT = (Assignment.ticket_id == bindparam("ticket"), Assignment.ended_at.is_(None))
_END = (
    update(Assignment)
    .where(*_PRESENT)
    .values(ended_at=bindparam("at"), ending=bindparam("how"), completed_at=bindparam("completed"))
    .returning(Assignment.id, Assignment.agent_id)
)
_ACCEPT = (
    update(Assignment)
    .where(*_PRESENT, Assignment.agent_id == bindparam("agent"), Assignment.accepted_at.is_(None))
    .values(accepted_at=bindparam("at"))
    .returning(Assignment.id)
)
_LAST = select(Assignment.id, Assignment.agent_id, Assignment.ending).where(
    Assignment.ticket_id == bindparam("ticket")
)
_LAST = _LAST.order_by(Assignment.sequence.desc()).limit(1)

# ---------------------------------------------------------------- assignments


def insert_assignments(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    write(session, _ASSIGNMENTS, [dict.fromkeys(_WRITTEN) | dict(row) for row in rows])


def end(
    session: Session, ticket_id: str, how: str, at: datetime, *, completed: bool = False
) -> Row[Any] | None:
    """`id` and `agent_id` of the present assignment, which ends; None where there was none."""
    values = {"ticket": ticket_id, "at": at, "how": how, "completed": at if completed else None}
    return session.connection().execute(_END, values).one_or_none()


def accept(session: Session, ticket_id: str, agent_id: str, at: datetime) -> bool:
    """False where the agent does not presently have it, or has accepted it before."""
    values = {"ticket": ticket_id, "agent": agent_id, "at": at}
    return session.connection().scalar(_ACCEPT, values) is not None


def to_go_on(session: Session, ticket_id: str, agent_id: str) -> str | None:
    """The id of the ticket's last assignment, where it was this agent's and goes on when opened again."""
    last = session.connection().execute(_LAST, {"ticket": ticket_id}).one_or_none()
    if last is None or last.agent_id != agent_id:
        return None
    goes_on = last.ending in {AssignmentEnding.COMPLETED, AssignmentEnding.DELETED}
    return str(last.id) if goes_on else None


def handed_on_by(session: Session, ticket_id: str) -> str | None:
    """The agent who had the ticket last, where they handed it on."""
    last = session.connection().execute(_LAST, {"ticket": ticket_id}).one_or_none()
    return last.agent_id if last is not None and last.ending == AssignmentEnding.TRANSFERRED else None


def begin_again(session: Session, assignment_id: str) -> None:
    again = update(Assignment).where(Assignment.id == assignment_id)
    session.execute(
        again.values(ended_at=None, ending=None, completed_at=None), execution_options=_UNSYNCHRONISED
    )


def tell_over_capacity(session: Session, assignment_id: str) -> None:
    over = update(Assignment).where(Assignment.id == assignment_id).values(over_capacity=True)
    session.execute(over, execution_options=_UNSYNCHRONISED)


def present(session: Session, ticket_id: str) -> Assignment | None:
    return session.scalar(
        select(Assignment).where(Assignment.ticket_id == ticket_id, Assignment.ended_at.is_(None))
    )


def history(session: Session, ticket_id: str, page: Page) -> tuple[Sequence[Assignment], int, bool]:
    """The newest first, one more than the page has where there is a next one; how many there are."""
    those = select(Assignment).where(Assignment.ticket_id == ticket_id)
    some = select(Assignment.sequence).where(Assignment.ticket_id == ticket_id).limit(COUNTED).subquery()
    total, estimated = bounded(session.scalar(select(func.count()).select_from(some)) or 0)
    if page.cursor:
        those = those.where(Assignment.sequence < page.cursor.number)
    ordered = those.order_by(Assignment.sequence.desc()).limit(page.limit + 1).offset(page.offset)
    return session.scalars(ordered).all(), total, estimated


# ---------------------------------------------------------------- loads


def free(session: Session, by_agent: Mapping[str, int]) -> None:
    """Agents in the order of their ids."""
    write(session, _FREED, [{"agent_id": each, "tickets": -count} for each, count in by_agent.items()])


def take(session: Session, agent_id: str, tickets: int, *, at: datetime | None, most: int) -> int | None:
    """How many the agent has with these, and is held; None where that would be more than `most`."""
    values = {"agent_id": agent_id, "tickets": tickets, "at": at, "most": most}
    taken: int | None = session.connection().scalar(_TAKEN, values)
    return taken


def add_load(session: Session, agent_id: str, tickets: int) -> None:
    """Of tickets that are brought in bulk."""
    write(session, _FREED, [{"agent_id": agent_id, "tickets": tickets}])


def load_of(session: Session, agent_id: str) -> int:
    return session.scalar(select(AgentLoad.tickets).where(AgentLoad.agent_id == agent_id)) or 0


# ---------------------------------------------------------------- who could take a ticket


def known(session: Session, ids: Collection[str]) -> dict[str, Taker]:
    """Of those ids that are an agent's."""
    return {row.id: Taker(*row) for row in session.connection().execute(_KNOWN, {"ids": list(ids)})}


def is_member(session: Session, team_id: str, agent_id: str) -> bool:
    asked = {"team_id": team_id, "agent_id": agent_id}
    return session.connection().scalar(_MEMBER, asked) is not None


# ---------------------------------------------------------------- tickets


def created_at(session: Session, ticket_id: str) -> datetime | None:
    """None where it is not there."""
    return session.scalar(
        select(Ticket.created_at).where(Ticket.id == ticket_id, Ticket.deleted_at.is_(None))
    )


def still_queued(session: Session, ticket_id: str) -> Ticket | None:
    """Held until the transaction ends."""
    held = select(Ticket).where(Ticket.id == ticket_id).with_for_update()
    ticket = session.scalar(held)
    return ticket if ticket is not None and ticket.queued and ticket.deleted_at is None else None


def still_left(session: Session, ticket_id: str, agent_id: str, *, unaccepted: bool) -> Ticket | None:
    """What one who is away has not accepted, or who is not active has; held until the transaction ends."""
    ticket = session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update())
    away = (Agent.status == AgentStatus.OFFLINE) if unaccepted else (Agent.active == false())
    left = select(Assignment.accepted_at).join(Agent, Agent.id == Assignment.agent_id)
    left = left.where(Assignment.ticket_id == ticket_id, Assignment.ended_at.is_(None))
    row = session.execute(left.where(Agent.id == agent_id, away)).one_or_none()
    return None if row is None or (unaccepted and row.accepted_at is not None) else ticket

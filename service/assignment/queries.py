"""Statements over assignments, loads, who could take a ticket, and what waits to be handed out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, exists, false, func, select, text, true, update
from sqlalchemy.orm import Session

from service.agents.models import Agent, AgentStatus, Team, TeamMember
from service.assignment.models import AgentLoad, Assignment
from service.customers.models import Customer
from service.http.pagination import Page
from service.tickets.handing import AssignmentEnding
from service.tickets.models import Ticket, TicketStatus
from service.tickets.queries import bounded
from service.writes import Write, recorded, write

MOST_CANDIDATES = 500
COUNTED = 1_001
LATELY = 20
"""Of a customer's tickets so many are looked at for who had the last one."""

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
_KNOWN = select(Agent.id, Agent.name, Agent.active, Agent.capacity).where(
    Agent.id.in_(bindparam("ids", expanding=True))
)
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


def load_of(session: Session, agent_id: str) -> int:
    return session.scalar(select(AgentLoad.tickets).where(AgentLoad.agent_id == agent_id)) or 0


def workload(session: Session, agent_id: str) -> Row[Any] | None:
    """None where there is no such agent. Reads as many tickets as are the agent's now."""
    tickets = select(func.count()).where(Ticket.assigned_to == Agent.id, Ticket.deleted_at.is_(None))
    unaccepted = select(func.count()).where(
        Assignment.agent_id == Agent.id, Assignment.ended_at.is_(None), Assignment.accepted_at.is_(None)
    )
    figures = select(
        Agent.capacity,
        func.coalesce(AgentLoad.tickets, 0).label("load"),
        tickets.where(Ticket.status == TicketStatus.OPEN).correlate(Agent).scalar_subquery().label("open"),
        tickets.where(Ticket.status == TicketStatus.PENDING)
        .correlate(Agent)
        .scalar_subquery()
        .label("pending"),
        unaccepted.correlate(Agent).scalar_subquery().label("unaccepted"),
    )
    joined = figures.outerjoin(AgentLoad, AgentLoad.agent_id == Agent.id)
    return session.execute(joined.where(Agent.id == agent_id)).one_or_none()


# ---------------------------------------------------------------- who could take a ticket


def known(session: Session, ids: Collection[str]) -> dict[str, Row[Any]]:
    """`id`, `name`, `active` and `capacity` of those ids that are an agent's."""
    return {row.id: row for row in session.connection().execute(_KNOWN, {"ids": list(ids)})}


def is_member(session: Session, team_id: str, agent_id: str) -> bool:
    asked = {"team_id": team_id, "agent_id": agent_id}
    return session.connection().scalar(_MEMBER, asked) is not None


def with_room(session: Session, team_id: str | None = None) -> Sequence[Row[Any]]:
    """Active and online agents who have room, of a team or of all: at most 500, most room first."""
    load = func.coalesce(AgentLoad.tickets, 0)
    those = (
        select(
            Agent.id,
            Agent.name,
            Agent.role,
            Agent.department,
            Agent.languages,
            Agent.specialisations,
            Agent.capacity,
            load.label("load"),
            AgentLoad.last_assigned_at,
        )
        .outerjoin(AgentLoad, AgentLoad.agent_id == Agent.id)
        .where(Agent.status == AgentStatus.ONLINE, Agent.active == true(), load < Agent.capacity)
        .order_by((Agent.capacity - load).desc(), Agent.id)
        .limit(MOST_CANDIDATES)
    )
    return session.execute(those if team_id is None else those.where(_in_team(team_id))).all()


def online(session: Session, team_id: str | None) -> int:
    """How many are there, with room or without."""
    those = select(func.count()).select_from(Agent)
    those = those.where(Agent.status == AgentStatus.ONLINE, Agent.active == true())
    return session.scalar(those if team_id is None else those.where(_in_team(team_id))) or 0


def teams_with_room(session: Session) -> tuple[bool, list[str]]:
    """Whether anybody could take a ticket, and the teams of those who could, in order."""
    load = func.coalesce(AgentLoad.tickets, 0)
    teams = (
        select(TeamMember.team_id)
        .distinct()
        .select_from(Agent)
        .outerjoin(AgentLoad, AgentLoad.agent_id == Agent.id)
        .outerjoin(TeamMember, TeamMember.agent_id == Agent.id)
        .where(Agent.status == AgentStatus.ONLINE, Agent.active == true(), load < Agent.capacity)
    )
    found = session.scalars(teams).all()
    return bool(found), sorted(team_id for team_id in found if team_id is not None)


def last_agent(session: Session, customer_id: str, *, besides: str) -> str | None:
    """Who has, or had, the newest of the customer's other tickets that an agent ever had, of the last 20."""
    lately = (
        select(Ticket.assigned_to, Ticket.created_at, Ticket.id)
        .where(Ticket.customer_id == customer_id, Ticket.id != besides, Ticket.deleted_at.is_(None))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(LATELY)
        .subquery()
    )
    agents = select(Agent.id).join(lately, lately.c.assigned_to == Agent.id)
    return session.scalar(agents.order_by(lately.c.created_at.desc(), lately.c.id.desc()).limit(1))


# ---------------------------------------------------------------- whose tickets go back


def left_behind(session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
    """`ticket_id` and `agent_id` of what agents had not accepted when they went offline, before then.

    What was given to somebody who was away already stays there: whoever did so knew it.
    """
    return _present_of(
        session,
        limit,
        Agent.active == true(),
        Agent.status == AgentStatus.OFFLINE,
        Agent.status_since <= before,
        Assignment.accepted_at.is_(None),
        Assignment.assigned_at <= Agent.status_since,
    )


def of_inactive(session: Session, limit: int, agent_id: str | None = None) -> Sequence[Row[Any]]:
    """`ticket_id` and `agent_id` of what agents still have who are not active."""
    one = () if agent_id is None else (Agent.id == agent_id,)
    return _present_of(session, limit, Agent.active == false(), Agent.status == AgentStatus.OFFLINE, *one)


def _present_of(session: Session, limit: int, *which: Any) -> Sequence[Row[Any]]:
    present = and_(Assignment.agent_id == Agent.id, Assignment.ended_at.is_(None))
    those = select(Assignment.ticket_id, Assignment.agent_id).join(Agent, present).where(*which)
    return session.execute(those.order_by(Assignment.ticket_id).limit(limit)).all()


def _in_team(team_id: str) -> Any:
    return exists().where(TeamMember.agent_id == Agent.id, TeamMember.team_id == team_id)


def strategies_of(session: Session, team_id: str) -> Sequence[str] | None:
    """None where the team goes by those of the desk."""
    own: Sequence[str] | None = session.scalar(select(Team.assignment_strategies).where(Team.id == team_id))
    return own


def customer_tells(session: Session, customer_id: str) -> Row[Any] | None:
    """`locale` and `preferences`."""
    told = select(Customer.locale, Customer.preferences).where(Customer.id == customer_id)
    return session.execute(told).one_or_none()


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


def still_with(session: Session, ticket_id: str, agent_id: str, *, unaccepted: bool) -> Ticket | None:
    """Held until the transaction ends."""
    ticket = session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update())
    one = present(session, ticket_id)
    if ticket is None or one is None or one.agent_id != agent_id or (unaccepted and one.accepted_at):
        return None
    return ticket

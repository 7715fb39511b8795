"""Statements over who could take a ticket, how much who has, and whose tickets go back."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import json
from sqlalchemy import (
    Row,
    Select,
    String,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from service.agents.models import Agent, AgentStatus, Team, TeamMember
from service.assignment.models import AgentLoad, Assignment
from service.assignment.strategies import Candidate
from service.customers.models import Customer
from service.tickets.models import Ticket, TicketStatus

MOST_CANDIDATES = 500
KINDS_OF_WORDS = 4_096
LATELY = 20
"""Of a customer's tickets so many are looked at for who had the last one."""


_LOAD = func.coalesce(AgentLoad.tickets, 0)
_OF_A_TEAM = exists().where(TeamMember.agent_id == Agent.id, TeamMember.team_id == bindparam("team"))


def _those_with_room(*facts: Any) -> Select[Any]:
    columns = (Agent.id, Agent.name, Agent.role, *facts, Agent.capacity, _LOAD.label("load"))
    return (
        select(*columns, AgentLoad.last_assigned_at)
        .outerjoin(AgentLoad, AgentLoad.agent_id == Agent.id)
        .where(Agent.status == AgentStatus.ONLINE, Agent.active == true(), Agent.capacity > _LOAD)
        .order_by((Agent.capacity - _LOAD).desc(), Agent.id)
        .limit(literal(MOST_CANDIDATES, literal_execute=True))
    )


_AVAILABLE = _those_with_room(Agent.department, Agent.languages, Agent.specialisations)
_CANDIDATES = _those_with_room(cast(Agent.languages, Text), cast(Agent.specialisations, Text))
_OF_TEAM = {those: those.where(_OF_A_TEAM) for those in (_AVAILABLE, _CANDIDATES)}


def with_room(session: Session, team_id: str | None = None) -> Sequence[Row[Any]]:
    """Active and online agents who have room, of a team or of all: at most 500, most room first."""
    return _asked(session, _AVAILABLE, team_id)


def candidates(session: Session, team_id: str | None) -> list[Candidate]:
    """The same, to be chosen from."""
    return [
        Candidate(
            agent_id=agent_id,
            name=name,
            role=role,
            languages=_words(languages),
            specialisations=_words(specialisations),
            load=load,
            capacity=capacity,
            last_assigned_at=last_assigned_at,
        )
        for agent_id, name, role, languages, specialisations, capacity, load, last_assigned_at in _asked(
            session, _CANDIDATES, team_id
        )
    ]


def _asked(session: Session, those: Select[Any], team_id: str | None) -> Sequence[Row[Any]]:
    if team_id is None:
        return session.connection().execute(those).all()
    return session.connection().execute(_OF_TEAM[those], {"team": team_id}).all()


@lru_cache(maxsize=KINDS_OF_WORDS)
def _words(told: str) -> frozenset[str]:
    """Of a JSON array: what hundreds speak and know is much the same, and read once."""
    return frozenset(json.decode(told))


def online(session: Session, team_id: str | None, *, besides: str | None = None) -> int:
    """How many are there, with room or without. `besides`: an agent who does not count."""
    those = select(func.count()).select_from(Agent)
    those = those.where(Agent.status == AgentStatus.ONLINE, Agent.active == true())
    if besides is not None:
        those = those.where(Agent.id != besides)
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


# ---------------------------------------------------------------- what decides between them


def what_decides(session: Session, customer_id: str, *, team_id: str | None, besides: str) -> Row[Any] | None:
    """`locale` and `preferences` of the customer, `strategies` of the team and `last_agent_id`, in one query.

    `strategies`: null where the team goes by those of the desk. The last agent is who has, or had, the newest
    of the customer's other tickets that an agent ever had, of the last 20.
    """
    asked = {"customer": customer_id, "team": team_id, "ticket": besides}
    return session.execute(_WHAT_DECIDES, asked).one_or_none()


def _deciding() -> Select[Any]:
    customer = bindparam("customer", type_=String)
    lately = (
        select(Ticket.assigned_to, Ticket.created_at, Ticket.id)
        .where(Ticket.customer_id == customer, Ticket.id != bindparam("ticket"), Ticket.deleted_at.is_(None))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(LATELY)
        .subquery()
    )
    last = select(Agent.id).join(lately, lately.c.assigned_to == Agent.id)
    last = last.order_by(lately.c.created_at.desc(), lately.c.id.desc()).limit(1)
    own = select(Team.assignment_strategies).where(Team.id == bindparam("team", type_=String))
    return select(
        Customer.locale,
        Customer.preferences,
        own.scalar_subquery().label("strategies"),
        last.scalar_subquery().label("last_agent_id"),
    ).where(Customer.id == customer)


_WHAT_DECIDES = _deciding()


# ---------------------------------------------------------------- whose tickets go back


def left_behind(session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
    """`ticket_id` and `agent_id` of what agents had not accepted when they went offline, before then.

    What a person gave to somebody who was away already stays there: whoever did so knew it. A rule gives
    nothing to them, unless they went in the very moment.
    """
    return _present_of(
        session,
        limit,
        Agent.active == true(),
        Agent.status == AgentStatus.OFFLINE,
        Agent.status_since <= before,
        Assignment.accepted_at.is_(None),
        or_(Assignment.assigned_at <= Agent.status_since, Assignment.why.is_not(None)),
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

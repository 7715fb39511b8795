"""Whose a ticket is: a team's by its `team_id`, else that of the agent who has it, else everybody's."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, literal, select
from sqlalchemy.orm import Session

from service.agents.models import Agent, TeamMember
from service.agents.services import agents_among, teams_kept
from service.database import Database
from service.errors import Conflict, InvalidField
from service.events import TEAM_DELETED, Event, EventLog
from service.http.ownership import Bounds, Named
from service.identifiers import ids_of
from service.permissions import Owners, Reach
from service.tickets.models import NOBODYS, Message, Ticket

AN_AGENTS = ids_of("agent")
"""How ids of agents look. Most labels do not, and so need no look-up."""

NO_TEAM = "There is no team with this id."

_OWNERS = (
    select(Ticket.team_id, Agent.id.label("assignee_id"), TeamMember.team_id.label("assignee_team_id"))
    .outerjoin(Agent, Agent.id == Ticket.assigned_to)
    .outerjoin(TeamMember, TeamMember.agent_id == Agent.id)
)
_OF_TICKET = _OWNERS.where(Ticket.id == bindparam("id"))
_OF_MESSAGE = _OWNERS.join(Message, Message.ticket_id == Ticket.id).where(Message.id == bindparam("id"))


class TicketOwnership:
    """Implements the port of the gate: one statement each, built once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_ticket(self, ticket_id: str) -> Owners | None:
        return self._owners(_OF_TICKET, ticket_id)

    def of_message(self, message_id: str) -> Owners | None:
        return self._owners(_OF_MESSAGE, message_id)

    def of_tickets(self, ticket_ids: Collection[str]) -> dict[str, Owners]:
        """Of those that there are: one statement for all."""
        rows_of: dict[str, list[Row[Any]]] = {}
        with self._database.reading() as session:
            wanted = _OWNERS.add_columns(Ticket.id.label("ticket_id")).where(Ticket.id.in_(ticket_ids))
            for row in session.execute(wanted):
                rows_of.setdefault(row.ticket_id, []).append(row)
        return {ticket_id: _owners_of(rows) for ticket_id, rows in rows_of.items()}

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(TEAM_DELETED, _refuse_to_lose_tickets)

    def _owners(self, statement: Select[Any], wanted_id: str) -> Owners | None:
        with self._database.reading() as session:
            rows = session.connection().execute(statement, {"id": wanted_id}).all()
        return _owners_of(rows) if rows else None


def _owners_of(rows: Sequence[Row[Any]]) -> Owners:
    teams = (row.assignee_team_id for row in rows)
    return Owners(
        team_id=rows[0].team_id,
        assignee_id=rows[0].assignee_id,
        assignee_team_ids=frozenset(team_id for team_id in teams if team_id is not None),
    )


def check_within(session: Session, ticket: Ticket, bounds: Bounds) -> None:
    """Of a ticket that is held: since the gate asked whose it is, it may have been handed on.

    Raises `NotFound` and `Forbidden`, as the gate does of who comes later.
    """
    if ticket.assigned_to != bounds.agent_id:
        owners = _owners_of_held(session, ticket, bounds)
        bounds.check(Named("ticket", ticket.id), owners.reach_of(bounds.agent_id, bounds.team_ids))


def _owners_of_held(session: Session, ticket: Ticket, bounds: Bounds) -> Owners:
    """Asks who has it only where that matters: of a team's ticket, where the agent reaches but their own."""
    any_of_team = ticket.team_id is not None and min(bounds.reach, bounds.readable) >= Reach.TEAM
    if any_of_team or ticket.assigned_to is None or not AN_AGENTS.fullmatch(ticket.assigned_to):
        return Owners(team_id=ticket.team_id)
    return _owners_of(session.connection().execute(_OF_TICKET, {"id": ticket.id}).all())


def settle_owner(session: Session, ticket: Ticket, *, team_before: str | None = None) -> None:
    """Whenever its team or who has it changes. Raises `InvalidField` for a team that is not there.

    The team that it had is there: none that has tickets is deleted.
    """
    if ticket.team_id is not None and ticket.team_id != team_before:
        with session.no_autoflush:  # the ticket is written once, when all of it is known
            kept = teams_kept(session, [ticket.team_id])
        if not kept:
            raise InvalidField("team_id", NO_TEAM)
    settle_owners(session, [ticket])


def settle_owners(session: Session, tickets: Collection[Ticket]) -> None:
    """Whose teams are there."""
    asked = {ticket.assigned_to or "" for ticket in tickets if _may_be_an_agents(ticket)}
    with session.no_autoflush:
        agents = agents_among(session, asked)
    for ticket in tickets:
        agent_id = ticket.assigned_to if ticket.assigned_to in agents else None
        ticket.owned_by = ticket.team_id or agent_id or NOBODYS


def lost_teams(session: Session, team_ids: Iterable[str | None]) -> frozenset[str]:
    """Those that are not there."""
    wanted = frozenset(team_id for team_id in team_ids if team_id is not None)
    return wanted - teams_kept(session, wanted)


def _may_be_an_agents(ticket: Ticket) -> bool:
    """Where it is no team's anyway."""
    assignee = ticket.assigned_to
    return ticket.team_id is None and assignee is not None and AN_AGENTS.fullmatch(assignee) is not None


def _refuse_to_lose_tickets(session: Session, deleted: Event) -> None:
    """Also where the tickets are deleted themselves, for they may be restored."""
    owned = select(literal(1)).where(Ticket.owned_by == deleted.subject_id).limit(1)
    if session.scalar(owned) is not None:
        raise Conflict("This team has tickets; give them to another team first.")

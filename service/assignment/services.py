"""Who has which ticket: given by people and by rule, accepted, given back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.assignment import queries
from service.assignment.assigner import NOTHING_ELSE, Assigner, Wish
from service.assignment.choosing import Choosing
from service.assignment.keeping import AssignmentKeeping
from service.assignment.loads import NoRoom
from service.assignment.models import Assignment
from service.assignment.strategies import Choice
from service.database import Database
from service.errors import Conflict, Forbidden, InvalidField
from service.tickets.handing import AssignmentEnding, AssignmentReason, Handing, Taker
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from service.tickets.ownership import AN_AGENTS
from service.tickets.services import NewNote, TicketRecords, add_note

NO_AGENT = "There is no agent with this id."


@dataclass(frozen=True, slots=True)
class Handed:
    """`assignment` None: no agent has the ticket. `why`: what a rule says, or why nobody got it."""

    ticket: Ticket
    assignment: Assignment | None
    why: str | None = None


Deed = Callable[[Session, Ticket, datetime], str | None]


class AssignmentService:
    def __init__(
        self,
        database: Database,
        records: TicketRecords,
        keeping: AssignmentKeeping,
        choosing: Choosing,
    ) -> None:
        self._database = database
        self._records = records
        self._keeping = keeping
        self._choosing = choosing

    # ------------------------------------------------------------ by people

    def assign(
        self,
        ticket_id: str,
        agent_id: str,
        *,
        by: Assigner,
        wish: Wish = NOTHING_ELSE,
        over_capacity: bool = False,
    ) -> Handed:
        """To one who has it already nothing happens. Raises `NotFound`, `Stale`, `Forbidden`, `Conflict`
        and `InvalidField`.
        """
        by.check_may_give(agent_id)
        if over_capacity and not by.beyond:
            raise Forbidden(
                "Beyond an agent's capacity needs the permission 'tickets.assign_beyond_capacity'."
            )
        handing = Handing(may_exceed=over_capacity, field="agent_id")

        def give(session: Session, ticket: Ticket, now: datetime) -> None:
            _check_is_open(ticket)
            self._give(session, ticket, agent_id, handing, team_id=ticket.team_id, by=by, at=now)

        return self._do(ticket_id, give, by=by, wish=wish)

    def transfer(
        self,
        ticket_id: str,
        *,
        agent_id: str | None,
        team_id: str | None,
        escalation: bool,
        by: Assigner,
        wish: Wish = NOTHING_ELSE,
    ) -> Handed:
        """To an agent, to whom of a team the rules find, or into its queue. Raises as `assign` does."""
        by.check_may_give(agent_id)
        reason = AssignmentReason.ESCALATION if escalation else AssignmentReason.TRANSFER
        handing = Handing(reason=reason, field="agent_id", ending=AssignmentEnding.TRANSFERRED)
        full: set[str] = set()

        def give(session: Session, ticket: Ticket, now: datetime) -> str | None:
            _check_is_open(ticket)
            team = team_id or ticket.team_id
            if agent_id is not None:
                self._give(session, ticket, agent_id, handing, team_id=team, by=by, at=now)
                return None
            without = {*full, ticket.assigned_to or ""}
            return self._by_rule(session, ticket, team, handing, by=by.actor, at=now, without=without)

        return self._do(ticket_id, give, by=by, wish=wish, full=full)

    def accept(self, ticket_id: str, *, by: Assigner, wish: Wish = NOTHING_ELSE) -> Handed:
        """By the agent who has it. Raises `NotFound`, `Stale` and `Forbidden`."""

        def take_on(session: Session, ticket: Ticket, now: datetime) -> None:
            if by.agent_id is None or ticket.assigned_to != by.agent_id:
                raise Forbidden("Only the agent who has a ticket accepts it; assign it first.")
            if self._keeping.accept(session, ticket, by.agent_id, actor=by.actor, at=now):
                ticket.version += 1
                ticket.updated_at = now

        return self._do(ticket_id, take_on, by=by, wish=wish)

    def unassign(self, ticket_id: str, *, by: Assigner, wish: Wish = NOTHING_ELSE) -> Handed:
        """It is nobody's then, and waits for no hand-out. Raises `NotFound` and `Stale`."""
        handing = Handing(ending=AssignmentEnding.UNASSIGNED)

        def take_away(session: Session, ticket: Ticket, now: datetime) -> None:
            if ticket.assigned_to is not None:
                self._hand(session, ticket, None, handing, by=by.actor, at=now, team_id=ticket.team_id)
            elif ticket.queued:
                ticket.queued = False
                ticket.version += 1
                ticket.updated_at = now

        return self._do(ticket_id, take_away, by=by, wish=wish)

    # ------------------------------------------------------------ by rule

    def auto_assign(self, ticket_id: str, *, by: Assigner, wish: Wish = NOTHING_ELSE) -> Handed:
        """To the best who has room; where nobody has, it is queued. One that an agent has stays with them.

        Raises `NotFound`, `Stale` and `Conflict`.
        """
        full: set[str] = set()

        def give(session: Session, ticket: Ticket, now: datetime) -> str | None:
            _check_is_open(ticket)
            if self._has_agent(session, ticket):
                return None
            handing = Handing(reason=AssignmentReason.AUTO, field="agent_id")
            return self._by_rule(session, ticket, ticket.team_id, handing, by=by.actor, at=now, without=full)

        return self._do(ticket_id, give, by=by, wish=wish, full=full)

    def hand_out(self, ticket_id: str, *, actor: str) -> bool:
        """One that is queued, to the best who has room; False where it waits on, or does no more."""
        full: set[str] = set()
        while True:
            try:
                with self._database.writing() as session:
                    ticket = queries.still_queued(session, ticket_id)
                    if ticket is None:
                        return False
                    chosen = self._choosing.best(session, ticket, ticket.team_id, without=full)
                    if chosen.choice is None:
                        return False
                    self._hand_chosen(
                        session,
                        ticket,
                        chosen.choice,
                        Handing(reason=AssignmentReason.AUTO),
                        by=actor,
                        at=self._records.now(),
                        team_id=ticket.team_id,
                    )
            except NoRoom as refused:
                full.add(refused.agent_id)
            else:
                return True

    def take_back(self, ticket_id: str, agent_id: str, ending: AssignmentEnding, *, actor: str) -> bool:
        """What the agent still has, and where it was `returned` has not accepted, is queued again."""
        with self._database.writing() as session:
            ticket = queries.still_left(
                session, ticket_id, agent_id, unaccepted=ending is AssignmentEnding.RETURNED
            )
            if ticket is None:
                return False
            now = self._records.now()
            handing = Handing(ending=ending)
            self._hand(session, ticket, None, handing, by=actor, at=now, team_id=ticket.team_id)
            self._records.queue(session, ticket, actor=actor, at=now)
        return True

    # ------------------------------------------------------------ how it is done

    def _do(
        self, ticket_id: str, deed: Deed, *, by: Assigner, wish: Wish, full: set[str] | None = None
    ) -> Handed:
        """`full`: agents whose last room was taken meanwhile, for a deed that then finds another."""
        while True:
            try:
                with self._database.writing() as session:
                    ticket = self._records.held(session, ticket_id, expected=wish.expected)
                    now, before = self._records.now(), ticket.version
                    why = deed(session, ticket, now)
                    if wish.note is not None and ticket.version != before:
                        note = NewNote(content=wish.note)
                        add_note(session, self._records, ticket, note, actor=by.actor, at=now)
                break
            except NoRoom as refused:
                if full is None or refused.agent_id in full:
                    raise
                full.add(refused.agent_id)
        with self._database.reading() as session:
            return Handed(ticket, queries.present(session, ticket_id), why)

    def _give(
        self,
        session: Session,
        ticket: Ticket,
        agent_id: str,
        handing: Handing,
        *,
        team_id: str | None,
        by: Assigner,
        at: datetime,
    ) -> None:
        taker = queries.known(session, [agent_id]).get(agent_id)
        if taker is None:
            raise InvalidField("agent_id", NO_AGENT)
        if ticket.assigned_to == agent_id and team_id not in {None, ticket.team_id}:
            self._keeping.check_may_have(session, taker, team_id, field="agent_id")
        handing = replace(handing, taker=taker)
        self._hand(session, ticket, agent_id, handing, by=by.actor, at=at, team_id=team_id)

    def _by_rule(
        self,
        session: Session,
        ticket: Ticket,
        team_id: str | None,
        handing: Handing,
        *,
        by: str,
        at: datetime,
        without: set[str],
    ) -> str:
        """To the best of the team who has room, else into its queue; says why."""
        chosen = self._choosing.best(session, ticket, team_id, without=without)
        if chosen.choice is not None:
            self._hand_chosen(session, ticket, chosen.choice, handing, by=by, at=at, team_id=team_id)
            return chosen.why
        version = ticket.version
        self._hand(session, ticket, None, handing, by=by, at=at, team_id=team_id)
        if not ticket.queued:
            ticket.version = version + 1
            ticket.updated_at = at
            self._records.queue(session, ticket, actor=by, at=at)
        return chosen.why

    def _hand(
        self,
        session: Session,
        ticket: Ticket,
        assigned_to: str | None,
        handing: Handing,
        *,
        by: str,
        at: datetime,
        team_id: str | None,
    ) -> None:
        self._records.hand(session, ticket, assigned_to, handing, actor=by, at=at, team_id=team_id)

    def _hand_chosen(
        self, session: Session, ticket: Ticket, choice: Choice, handing: Handing, **how: Any
    ) -> None:
        """Who is chosen was found active, and of the team, in the same transaction."""
        taker = Taker(choice.agent_id, active=True, capacity=choice.candidate.capacity)
        handing = replace(handing, strategies=choice.strategies, why=choice.why, checked=False, taker=taker)
        self._hand(session, ticket, choice.agent_id, handing, **how)

    def _has_agent(self, session: Session, ticket: Ticket) -> bool:
        assignee = ticket.assigned_to
        return (
            assignee is not None
            and AN_AGENTS.fullmatch(assignee) is not None
            and bool(queries.known(session, [assignee]))
        )


def _check_is_open(ticket: Ticket) -> None:
    if ticket.status not in UNSETTLED:
        raise Conflict(f"The ticket is {ticket.status.value}; open it again first, then assign it.")

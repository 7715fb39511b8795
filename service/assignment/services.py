"""Who has which ticket: given by people and by rule, accepted, given back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.assignment import queries
from service.assignment.assigner import NOTHING_ELSE, Assigner, Wish
from service.assignment.giving import BY_RULE, Giving, Terms
from service.assignment.keeping import AssignmentKeeping
from service.assignment.loads import NoRoom
from service.assignment.models import Assignment
from service.database import Database
from service.errors import Conflict, Forbidden
from service.tickets.handing import AssignmentEnding, AssignmentReason, Handing
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from service.tickets.ownership import AN_AGENTS
from service.tickets.services import NewNote, TicketRecords, add_note


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
        giving: Giving,
    ) -> None:
        self._database = database
        self._records = records
        self._keeping = keeping
        self._giving = giving

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
            terms = Terms(handing=handing, team_id=ticket.team_id, actor=by.actor, at=now)
            self._giving.to_named(session, ticket, agent_id, terms)

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
            terms = Terms(handing=handing, team_id=team_id or ticket.team_id, actor=by.actor, at=now)
            if agent_id is None:
                return self._giving.by_rule(session, ticket, terms, without=full)
            self._giving.to_named(session, ticket, agent_id, terms)
            return None

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
                terms = Terms(handing=handing, team_id=ticket.team_id, actor=by.actor, at=now)
                self._giving.to_nobody(session, ticket, terms)
            elif ticket.queued:
                self._records.unqueue(ticket)
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
            terms = Terms(handing=BY_RULE, team_id=ticket.team_id, actor=by.actor, at=now)
            return self._giving.by_rule(session, ticket, terms, without=full)

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
                    now = self._records.now()
                    given = self._giving.handed_out(session, ticket, actor=actor, at=now, without=full)
            except NoRoom as refused:
                full.add(refused.agent_id)
            else:
                return given

    def take_back(self, ticket_id: str, agent_id: str, ending: AssignmentEnding, *, actor: str) -> bool:
        """What the agent still has, and where it was `returned` has not accepted, is queued again."""
        with self._database.writing() as session:
            ticket = queries.still_left(
                session, ticket_id, agent_id, unaccepted=ending is AssignmentEnding.RETURNED
            )
            if ticket is None:
                return False
            now = self._records.now()
            terms = Terms(handing=Handing(ending=ending), team_id=ticket.team_id, actor=actor, at=now)
            self._giving.to_nobody(session, ticket, terms)
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
                    ticket = self._records.held(session, ticket_id, expected=wish.expected, within=by.within)
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

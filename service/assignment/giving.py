"""How a ticket that is held is given: to one who is named, to whom the rules find, into the queue."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.assignment import queries, waiting
from service.assignment.choosing import Choosing
from service.assignment.keeping import AssignmentKeeping
from service.assignment.strategies import Choice
from service.errors import InvalidField
from service.tickets.handing import AssignmentReason, Handing, Taker
from service.tickets.models import Ticket
from service.tickets.scoring import Weights
from service.tickets.services import TicketRecords

NO_AGENT = "There is no agent with this id."
IN_ITS_TURN = "Tickets that come before it are waiting, too; it is handed out in its turn."
BY_RULE = Handing(reason=AssignmentReason.AUTO, field="agent_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`team_id`: whose the ticket is from then on; `actor`: who gives it."""

    handing: Handing
    team_id: str | None
    actor: str
    at: datetime


class Giving:
    def __init__(
        self, records: TicketRecords, keeping: AssignmentKeeping, choosing: Choosing, weights: Weights
    ) -> None:
        self._records = records
        self._keeping = keeping
        self._choosing = choosing
        self._weights = weights

    def to_named(self, session: Session, ticket: Ticket, agent_id: str, terms: Terms) -> None:
        """Raises `InvalidField`."""
        taker = queries.known(session, [agent_id]).get(agent_id)
        if taker is None:
            raise InvalidField("agent_id", NO_AGENT)
        if ticket.assigned_to == agent_id and terms.team_id not in {None, ticket.team_id}:
            self._keeping.check_may_have(session, taker, terms.team_id, field="agent_id")
        self._hand(session, ticket, agent_id, terms, replace(terms.handing, taker=taker))

    def to_nobody(self, session: Session, ticket: Ticket, terms: Terms) -> None:
        self._hand(session, ticket, None, terms, terms.handing)

    def by_rule(self, session: Session, ticket: Ticket, terms: Terms, *, without: Collection[str]) -> str:
        """To the best of the team who has room, else into its queue; says why.

        It goes into the queue, too, where one waits that comes before it for the same agent.
        """
        terms = _as_it_waits(ticket, terms)
        giver = _giver(session, ticket, terms)
        chosen = self._choosing.best(session, ticket, terms.team_id, without=without, giver=giver)
        why = chosen.why
        if chosen.choice is not None:
            agent_id = chosen.choice.agent_id
            if not waiting.others_before(session, ticket, agent_id, self._weights, terms.at):
                self._to_chosen(session, ticket, chosen.choice, terms)
                return why
            why = IN_ITS_TURN
        self._into_queue(session, ticket, terms)
        return why

    def handed_out(
        self, session: Session, ticket: Ticket, *, actor: str, at: datetime, without: Collection[str]
    ) -> bool:
        """One that is queued, to the best who has room; False where nobody has, and it waits on."""
        terms = Terms(handing=BY_RULE, team_id=ticket.team_id, actor=actor, at=at)
        terms = _as_it_waits(ticket, terms)
        giver = _giver(session, ticket, terms)
        chosen = self._choosing.best(session, ticket, ticket.team_id, without=without, giver=giver)
        if chosen.choice is None:
            return False
        self._to_chosen(session, ticket, chosen.choice, terms)
        return True

    def _to_chosen(self, session: Session, ticket: Ticket, choice: Choice, terms: Terms) -> None:
        """Who is chosen was found active, and of the team, in the same transaction."""
        taker = Taker(choice.agent_id, active=True, capacity=choice.candidate.capacity)
        self._hand(
            session,
            ticket,
            choice.agent_id,
            terms,
            replace(terms.handing, strategies=choice.strategies, why=choice.why, checked=False, taker=taker),
        )

    def _into_queue(self, session: Session, ticket: Ticket, terms: Terms) -> None:
        version = ticket.version
        self.to_nobody(session, ticket, terms)
        reason = terms.handing.reason
        queued_as = None if reason is AssignmentReason.AUTO else reason
        if not ticket.queued or ticket.queued_as != queued_as:
            ticket.version = version + 1
            ticket.updated_at = terms.at
            self._records.queue(session, ticket, actor=terms.actor, at=terms.at, reason=queued_as)

    def _hand(
        self, session: Session, ticket: Ticket, assigned_to: str | None, terms: Terms, handing: Handing
    ) -> None:
        self._records.hand(
            session, ticket, assigned_to, handing, actor=terms.actor, at=terms.at, team_id=terms.team_id
        )


def _as_it_waits(ticket: Ticket, terms: Terms) -> Terms:
    """Where nobody gives another reason, that with which it is queued."""
    if terms.handing.reason is not AssignmentReason.AUTO or ticket.queued_as is None:
        return terms
    return replace(terms, handing=replace(terms.handing, reason=ticket.queued_as))


def _giver(session: Session, ticket: Ticket, terms: Terms) -> str | None:
    """Of one that is handed on: who has it, or handed it on last, and is not to get it back."""
    if terms.handing.reason is AssignmentReason.AUTO:
        return None
    return ticket.assigned_to or queries.handed_on_by(session, ticket.id)

"""What the inbox is ordered by, kept with each ticket."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database
from service.tickets import past_ranks, queries
from service.tickets.models import InboxScoring, Ticket
from service.tickets.scoring import Weights, unanswered_since

MOST_OF_A_CUSTOMER = 1_000
BATCH = 500
THE_ROW = 1
FIRST = ""
"""Before all ids."""


@dataclass(frozen=True, slots=True)
class NewFacts:
    """A ticket that may have other facts than before."""

    ticket: Ticket
    risk_before: float | None


FactsListener = Callable[[Session, Sequence[NewFacts]], None]


@dataclass(frozen=True, slots=True)
class ScoredFacts:
    """Of a customer; None where not known."""

    churn_risk: float | None = None
    lifetime_value: Decimal | None = None


class FactsSource(Protocol):
    def scored(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, ScoredFacts]:
        """By customer; one of whom nothing is known may be left out."""

    def scored_if_there(self, session: Session, customer_id: str) -> ScoredFacts | None:
        """None where the customer is not there, and for a source that does not know who is."""
        return None

    @property
    def origin(self) -> str:
        """Text that changes when the same facts would be taken from elsewhere."""


class NothingKnown(FactsSource):
    """Where no customer was ever asked about."""

    origin = ""

    def scored(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, ScoredFacts]:
        return {}


class Ranking:
    """Ranks are made anew just before a ticket is written, so that no way of writing one can forget it."""

    def __init__(
        self,
        database: Database,
        weights: Weights,
        facts: FactsSource,
        clock: Clock,
        *,
        batch: int = BATCH,
    ) -> None:
        self.weights = weights
        self._database = database
        self._facts = facts
        self._clock = clock
        self._batch = batch
        self._told_of_facts: list[FactsListener] = []
        database.before_flush(self._rank_all)

    def when_facts_change(self, listener: FactsListener) -> None:
        """Hears, in the transaction, of tickets that may have other facts than they had before."""
        self._told_of_facts.append(listener)

    def take_facts(self, session: Session, tickets: Sequence[Ticket]) -> None:
        """What is known of their customers by now."""
        known = self._facts.scored(session, {ticket.customer_id for ticket in tickets})
        for ticket in tickets:
            facts = known.get(ticket.customer_id, ScoredFacts())
            ticket.churn_risk, ticket.lifetime_value = facts.churn_risk, facts.lifetime_value

    def take_facts_if_there(self, session: Session, ticket: Ticket) -> bool:
        """As above, in one statement with whether its customer is there; False where that is not known."""
        facts = self._facts.scored_if_there(session, ticket.customer_id)
        if facts is None:
            return False
        ticket.churn_risk, ticket.lifetime_value = facts.churn_risk, facts.lifetime_value
        return True

    def learn(self, session: Session, tickets: Sequence[Ticket]) -> list[NewFacts]:
        """As `take_facts`, of tickets that were there before; of which is to be told."""
        before = [ticket.churn_risk for ticket in tickets]
        self.take_facts(session, tickets)
        return [NewFacts(ticket, risk) for ticket, risk in zip(tickets, before, strict=True)]

    def tell(self, session: Session, learnt: Sequence[NewFacts]) -> None:
        for listener in self._told_of_facts if learnt else ():
            listener(session, learnt)

    def rank(self, ticket: Ticket) -> None:
        ticket.waiting = unanswered_since(ticket) is not None
        ticket.inbox_rank = self.weights.rank(ticket)

    def facts_changed(self, customer_id: str) -> None:
        """Settled tickets keep the order they have; they take the facts when they are opened again."""
        with self._database.reading() as session:
            facts = self._facts.scored(session, [customer_id]).get(customer_id, ScoredFacts())
            others = queries.scored_otherwise(customer_id, facts.churn_risk, facts.lifetime_value)
            if session.scalar(others.limit(1)) is None:
                return
        with self._database.writing() as session:
            tickets = queries.held(session, others, MOST_OF_A_CUSTOMER)
            self.tell(session, self.learn(session, tickets))

    def renew(self) -> Mapping[str, int]:
        """Make the next ranks that were made with other weights or providers; how many those were."""
        made_with = self.weights.fingerprint(self._facts.origin)
        with self._database.writing() as session:
            state = session.get(InboxScoring, THE_ROW, with_for_update=True)
            if state is None:
                state = InboxScoring(id=THE_ROW, made_with="", at=self._clock.now())
                session.add(state)
            if state.made_with != made_with:
                state.made_with, state.made_to = made_with, FIRST
            elif state.made_to is None:
                return {"ranked": 0}
            tickets = queries.held(session, queries.behind(state.made_to), self._batch)
            learnt = self.learn(session, tickets)
            before = [past_ranks.place_of(ticket) for ticket in tickets]
            for ticket in tickets:
                self.rank(ticket)
            if before != [past_ranks.place_of(ticket) for ticket in tickets]:
                past_ranks.leave_all(session, self._clock.now())
            self.tell(session, learnt)
            state.made_to = tickets[-1].id if len(tickets) == self._batch else None
            state.at = self._clock.now()
        return {"ranked": len(tickets)}

    def _rank_all(self, session: Session) -> None:
        """What had another rank leaves it to those who walk along the inbox."""
        for row in session.new:
            if isinstance(row, Ticket):
                self.rank(row)
        changed = [row for row in session.dirty if isinstance(row, Ticket)]
        before = [past_ranks.place_of(ticket) for ticket in changed]
        for ticket in changed:
            self.rank(ticket)
        left = [
            place
            for place, ticket in zip(before, changed, strict=True)
            if place != past_ranks.place_of(ticket)
        ]
        past_ranks.leave(session, left, self._clock.now())

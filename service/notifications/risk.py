"""Of which open ticket it is told that its customer is likely to leave: an event, once for each ticket."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.events import TICKET_CREATED, TICKET_RISK_RAISED, Event, EventLog, about_ticket
from service.notifications import queries
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from service.tickets.services import NewFacts

THE_SERVICE = "service"


class RiskWatch:
    """`high`: the churn risk from which on it is told; what is not known is below."""

    def __init__(self, events: EventLog, clock: Clock, *, high: float) -> None:
        self._events = events
        self._clock = clock
        self._high = high

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe_to_batches(TICKET_CREATED, self._created)

    def facts_changed(self, session: Session, learnt: Sequence[NewFacts]) -> None:
        """Of several tickets of a customer the newest tells it."""
        raised: dict[str, Ticket] = {}
        for facts in sorted(learnt, key=lambda facts: (facts.ticket.created_at, facts.ticket.id)):
            if self._is_high(facts.ticket) and not self._reaches(facts.risk_before):
                raised[facts.ticket.customer_id] = facts.ticket
        if not raised:
            return
        told_before = queries.told_of_risk(session, [ticket.id for ticket in raised.values()])
        now = self._clock.now()
        self._events.record_all(
            session,
            [
                about_ticket(TICKET_RISK_RAISED, ticket.id, actor=THE_SERVICE, at=now)
                for ticket in raised.values()
                if ticket.id not in told_before
            ],
        )

    def _created(self, session: Session, events: Sequence[Event]) -> None:
        self._events.record_all(
            session,
            [
                about_ticket(TICKET_RISK_RAISED, ticket.id, actor=event.actor, at=event.at)
                for event, ticket in _with_tickets(session, events)
                if self._is_high(ticket)
            ],
        )

    def _is_high(self, ticket: Ticket) -> bool:
        is_open = ticket.status in UNSETTLED and ticket.deleted_at is None
        return is_open and self._reaches(ticket.churn_risk)

    def _reaches(self, risk: float | None) -> bool:
        return risk is not None and risk >= self._high


def _with_tickets(session: Session, events: Sequence[Event]) -> Iterator[tuple[Event, Ticket]]:
    """Read in one statement where they are not at hand, as of those that were brought from elsewhere."""
    wanted = [event.ticket_id for event in events if not isinstance(event.at_hand, Ticket)]
    read = queries.tickets_by_id(session, [ticket_id for ticket_id in wanted if ticket_id])
    for event in events:
        ticket = event.at_hand if isinstance(event.at_hand, Ticket) else read.get(event.ticket_id or "")
        if ticket is not None:
            yield event, ticket

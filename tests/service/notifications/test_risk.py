"""Of which ticket it is told that its customer may leave, on both databases."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from service.database import Database
from service.events import StoredEvent
from service.notifications.risk import RiskWatch
from service.tickets.services import ScoredFacts
from tests.service.sla.promises import Promises

HIGH = 0.7


class Desk(Promises):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        watch = RiskWatch(self.events, self.clock, high=HIGH)
        watch.subscribe_to(self.events)
        self.ranking.when_facts_change(watch.facts_changed)

    def learns(self, risk: float | None) -> None:
        """Of the customer."""
        self.knows(risk)
        self.ranking.facts_changed("ada")

    def knows(self, risk: float | None) -> None:
        self.facts.known = {"ada": ScoredFacts(churn_risk=risk, lifetime_value=Decimal(10))}

    def raised(self) -> list[StoredEvent]:
        told = select(StoredEvent).where(StoredEvent.type == "ticket.risk_raised").order_by(StoredEvent.id)
        with self.database.reading() as session:
            return list(session.scalars(told))

    def tickets_told_of(self) -> list[str | None]:
        return [event.ticket_id for event in self.raised()]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_a_risk_that_is_learnt_later_is_told_and_names_nobody(desk: Desk) -> None:
    ticket_id = desk.new()
    desk.learns(None)
    desk.learns(0.69)
    assert desk.raised() == []
    desk.learns(HIGH)
    (event,) = desk.raised()
    assert (event.ticket_id, event.subject_type, event.actor) == (ticket_id, "ticket", "service")
    assert (event.before, event.after, event.personal) == (None, None, None)


def test_a_risk_that_wavers_is_told_once_for_each_ticket(desk: Desk) -> None:
    first = desk.new()
    for risk in (0.9, 0.95, 0.6, 0.8, None, 0.7):
        desk.learns(risk)
    assert desk.tickets_told_of() == [first]
    desk.learns(0.1)
    desk.later(1)
    second = desk.new()
    desk.learns(0.9)
    assert desk.tickets_told_of() == [first, second]


def test_a_customer_who_has_many_open_tickets_is_warned_of_by_the_newest(desk: Desk) -> None:
    for _ in range(3):
        newest = desk.new()
        desk.later(1)
    desk.learns(0.9)
    assert desk.tickets_told_of() == [newest]


def test_a_ticket_of_somebody_who_is_known_to_be_about_to_leave_is_told_at_once_and_once(desk: Desk) -> None:
    desk.knows(0.9)
    ticket_id = desk.new()
    (event,) = desk.raised()
    assert (event.ticket_id, event.actor) == (ticket_id, "a")
    for risk in (0.1, 0.9):
        desk.learns(risk)
    assert desk.tickets_told_of() == [ticket_id]


def test_of_what_was_brought_from_elsewhere_only_the_open_is_told(desk: Desk) -> None:
    desk.knows(0.9)
    still_open = desk.bring(days=3, status="open")
    desk.bring(days=4, status="closed")
    assert desk.tickets_told_of() == [still_open]


def again(desk: Desk, ticket_id: str, status: str) -> None:
    if status == "deleted":
        desk.tickets.restore(ticket_id, actor="lead")
    else:
        desk.ask(ticket_id)


@pytest.mark.parametrize("status", ["resolved", "deleted"])
def test_of_a_ticket_that_nobody_works_on_it_is_told_once_somebody_does(desk: Desk, status: Any) -> None:
    ticket_id = desk.new()
    if status == "deleted":
        desk.tickets.delete(ticket_id, actor="lead")
    else:
        desk.move(ticket_id, status)
    desk.learns(0.9)
    assert desk.raised() == []
    again(desk, ticket_id, status)
    assert desk.tickets_told_of() == [ticket_id]


def test_what_other_providers_know_is_told_too(desk: Desk) -> None:
    desk.ranking.renew()
    ticket_id = desk.new()
    desk.knows(0.9)
    desk.facts.origin = "others"
    desk.ranking.renew()
    assert desk.tickets_told_of() == [ticket_id]

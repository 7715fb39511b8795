"""Many change the same tickets at once; nobody waits for somebody who waits for them."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.tickets.models import Ticket, TicketStatus
from service.tickets.services import NewMessage, NewTicket, ScoredFacts, TicketChange
from tests.service.tickets.test_kept_figures import Desk

TICKETS = 12
ROUNDS = 15


class OneShard(random.Random):
    """So that all counters of a status are one row."""

    def random(self):
        return 0.0


@pytest.fixture
def engine_name():
    """SQLite has one writer at a time."""
    return "postgresql"


@pytest.fixture
def desk(database):
    desk = Desk(database, OneShard())
    desk.ids = [
        desk.tickets.create(NewTicket(customer_id="ada", subject="x"), actor="a").ticket.id
        for _ in range(TICKETS)
    ]
    return desk


def at_once(*works):
    with ThreadPoolExecutor(len(works)) as threads:
        for future in [threads.submit(work) for work in works]:
            future.result()


def test_facts_that_arrive_messages_that_come_and_ranks_made_anew_do_not_block_each_other(desk) -> None:
    def learn():
        for number in range(ROUNDS):
            desk.facts.facts["ada"] = ScoredFacts(number / ROUNDS, None)
            desk.ranking.facts_changed("ada")

    def renew():
        for number in range(ROUNDS):
            desk.facts.origin = str(number)
            desk.ranking.renew()

    def talk(ids):
        for ticket_id in ids * 2:
            desk.conversations.add(ticket_id, NewMessage(content="Hello", from_agent=False), actor="a")

    at_once(learn, renew, lambda: talk(desk.ids), lambda: talk(desk.ids[::-1]))
    desk.ranking.facts_changed("ada")
    assert {ticket.churn_risk for ticket in desk.every(Ticket)} == {(ROUNDS - 1) / ROUNDS}


def test_tickets_that_change_places_do_not_block_each_other(desk) -> None:
    def swap(ids, *statuses):
        for status in statuses * ROUNDS:
            for ticket_id in ids:
                desk.tickets.change(ticket_id, TicketChange(values={"status": status}), actor="a")

    half = TICKETS // 2
    at_once(
        lambda: swap(desk.ids[:half], TicketStatus.CLOSED, TicketStatus.OPEN),
        lambda: swap(desk.ids[half:], TicketStatus.OPEN, TicketStatus.CLOSED),
    )

"""Whatever happens to tickets, what is kept for the inbox is what a recount from the rows gives."""

import random
from collections import Counter

import pytest
from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.customers.models import Customer
from service.customers.services import CustomerChange, CustomerService, found_by
from service.database import Database
from service.errors import NotFound
from service.events import EventLog
from service.text_index import SearchText, TextIndex, TextKind, pieces_of
from service.tickets import queries
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Message, Priority, Ticket, TicketCounter, TicketStatus
from service.tickets.scoring import Weights, unanswered_since
from service.tickets.sentiment import sentiment_of
from service.tickets.services import (
    ConversationService,
    FactsSource,
    NewMessage,
    NewTicket,
    Ranking,
    ScoredFacts,
    TicketChange,
    TicketRecords,
    TicketService,
)

STEPS = 150
CUSTOMERS = ("ada", "grace", "joan")
WORDS = ("This is a scam!", "Thank you, lovely.", "Where is it?", "!!!", "It arrived broken.", "ÄRGER " * 300)


class Told(FactsSource):
    """What a test says is known."""

    origin = "told"

    def __init__(self):
        self.facts = {}

    def scored(self, session, customer_ids):
        return {one: self.facts[one] for one in customer_ids if one in self.facts}


class Desk:
    def __init__(self, database, chance, weights=None):
        clock = self.clock = FakeClock()
        index, events = TextIndex(database.engine.dialect.name), EventLog()
        self.database, self.chance, self.facts = database, chance, Told()
        self.ranking = Ranking(database, weights or Weights(), self.facts, clock)
        self.customers = CustomerService(database, events, clock, index)
        records = TicketRecords(events, self.ranking, clock, chance)
        self.conversations = ConversationService(database, records, index)
        self.tickets = TicketService(database, self.customers, records, index)

    def step(self):
        self.clock.advance(self.chance.choice([1, 60, 5_000]))
        often = (self.say, self.say, self.move)
        now_and_then = (
            self.create,
            self.edit,
            self.unsay,
            self.reset,
            self.retitle,
            self.delete,
            self.restore,
        )
        self.chance.choice((*often, *now_and_then, self.learn, self.rename))()

    def create(self):
        self.tickets.create(
            NewTicket(
                customer_id=self.chance.choice(CUSTOMERS),
                subject=self.chance.choice(WORDS),
                status=self.chance.choice(list(TicketStatus)),
                initial_message=self.chance.choice([None, *WORDS]),
            ),
            actor="a",
        )

    def say(self):
        said = NewMessage(
            content=self.chance.choice(WORDS),
            from_agent=self.chance.random() < 0.4,
            close_ticket=self.chance.random() < 0.2,
        )
        self.conversations.add(self.any(Ticket), said, actor="a")

    def edit(self):
        self.conversations.edit(self.any(Message), self.chance.choice(WORDS), actor="a")

    def unsay(self):
        self.conversations.delete(self.any(Message), actor="a")

    def reset(self):
        self.conversations.reset(self.any(Ticket), actor="a")

    def move(self):
        values = {
            "status": self.chance.choice(list(TicketStatus)),
            "priority": self.chance.choice(list(Priority)),
        }
        self.tickets.change(self.any(Ticket), TicketChange(values=values), actor="a")

    def retitle(self):
        change = TicketChange(values={"subject": self.chance.choice(WORDS)})
        self.tickets.change(self.any(Ticket), change, actor="a")

    def delete(self):
        self.tickets.delete(self.any(Ticket), actor="a")

    def restore(self):
        self.tickets.restore(self.any(Ticket), actor="a")

    def learn(self):
        customer = self.chance.choice(CUSTOMERS)
        self.facts.facts[customer] = ScoredFacts(
            self.chance.choice([None, 0.1, 0.9]), self.chance.choice([None, 20])
        )
        self.ranking.facts_changed(customer)

    def rename(self):
        change = CustomerChange(values={"name": self.chance.choice([None, "Ada Lovelace", "Грейс"])})
        self.customers.change(self.chance.choice(CUSTOMERS), change, actor="a")

    def any(self, model):
        with self.database.reading() as session:
            ids = session.scalars(select(model.id).order_by(model.id)).all()
        return self.chance.choice(ids) if ids else "none"

    def every(self, model):
        with self.database.reading() as session:
            return session.scalars(select(model)).all()


@pytest.fixture(params=[1, 2, 3])
def desk(database: Database, request):
    desk = Desk(database, random.Random(request.param))
    for _ in range(STEPS):
        try:
            desk.step()
        except NotFound:
            continue
    return desk


def test_after_any_history_the_kept_figures_are_those_of_a_recount(desk) -> None:
    messages = [message for message in desk.every(Message) if message.deleted_at is None]
    messages.sort(key=lambda message: (message.created_at, message.sequence))
    tickets = desk.every(Ticket)
    assert len(tickets) > 5
    for ticket in tickets:
        told = [message for message in messages if message.ticket_id == ticket.id]
        said = [message.content for message in told if not message.from_agent]
        assert ticket.customer_sentiment == (sentiment_of(said[-1]) if said else None)
        assert ticket.waiting == (unanswered_since(ticket) is not None)
        assert ticket.inbox_rank == desk.ranking.weights.rank(ticket)
        if ticket.status in UNSETTLED and ticket.deleted_at is None:
            facts = desk.facts.facts.get(ticket.customer_id, ScoredFacts())
            assert (ticket.churn_risk, ticket.lifetime_value) == (facts.churn_risk, facts.lifetime_value)
            with desk.database.reading() as session:
                assert ticket.waiting_since == queries.waiting_since(session, ticket.id)


def test_after_any_history_what_can_be_searched_is_what_is_there(desk) -> None:
    kept = Counter((text.kind, text.source_id) for text in desk.every(SearchText))
    told = Counter()
    for ticket in desk.every(Ticket):
        told[TextKind.SUBJECT, ticket.id] += len(list(pieces_of(ticket.subject)))
    for message in desk.every(Message):
        if message.deleted_at is None:
            told[TextKind.MESSAGE, message.id] += len(list(pieces_of(message.content)))
    for one in desk.every(Customer):
        told[TextKind.CUSTOMER, one.id] += len(list(pieces_of(found_by(one.id, one.name, one.email).text)))
    assert +kept == +told


def test_after_any_history_the_counters_are_the_tickets(desk) -> None:
    counted = Counter()
    for counter in desk.every(TicketCounter):
        counted[counter.status] += counter.tickets
    assert +counted == Counter(ticket.status for ticket in desk.every(Ticket) if ticket.deleted_at is None)


def test_other_weights_rank_all_tickets_anew_in_batches(desk) -> None:
    ranking = Ranking(desk.database, Weights(churn=9, waiting=3), desk.facts, desk.clock, batch=7)
    living = [ticket for ticket in desk.every(Ticket) if ticket.deleted_at is None]
    assert ranking.renew() == {"ranked": min(7, len(living))}
    resumed = Ranking(desk.database, ranking.weights, desk.facts, desk.clock, batch=7)
    ranked = min(7, len(living))
    while batch := resumed.renew()["ranked"]:
        ranked += batch
    assert ranked == len(living)
    assert resumed.renew() == {"ranked": 0}
    for ticket in desk.every(Ticket):
        if ticket.deleted_at is None:
            assert ticket.inbox_rank == ranking.weights.rank(ticket)
    desk.facts.origin = "another"
    assert resumed.renew()["ranked"] > 0

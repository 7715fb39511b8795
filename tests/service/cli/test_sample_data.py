from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from sqlalchemy.orm import selectinload

from providers.testing.fakes import FakeClock
from service.columns import Base
from service.customers.models import Customer, Order
from service.database import Database, engine_options, normalise_url, upgrade
from service.sample_data import loading, rows
from service.sample_data.cases import make_case
from service.sample_data.loading import Loaded, is_empty
from service.sample_data.shoppers import shoppers
from service.text_index import SearchText, TextKind, pieces_of
from service.tickets.models import Message, Ticket, TicketCounter, TicketStatus
from service.tickets.scoring import Weights, unanswered_since
from service.tickets.sentiment import sentiment_of
from service.tickets.services import NothingKnown, Ranking, preview

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CUSTOMERS, TICKETS = 80, 300
WEIGHTS = Weights(waiting=0.7)
SETTLED = {TicketStatus.RESOLVED, TicketStatus.CLOSED}


def load(database, **wanted):
    ranking = Ranking(database, WEIGHTS, NothingKnown(), FakeClock())
    return loading.load(database, ranking, **wanted)


@pytest.fixture(scope="module")
def filled_databases():
    """By engine, for the tests that only read; each is filled when the first of them asks."""
    with ExitStack() as stack:
        yield {}, stack


@pytest.fixture
def filled(engine_name, filled_databases, request, tmp_path_factory):
    known, stack = filled_databases
    if engine_name not in known:
        if engine_name == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('filled')}/desk.db"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres").new_database())
        url = normalise_url(url)
        engine = create_engine(url, **engine_options(url))
        upgrade(engine)
        known[engine_name] = Database(engine)
        stack.callback(engine.dispose)
        load(known[engine_name], customers=CUSTOMERS, tickets=TICKETS, seed=1, now=NOW)
    return known[engine_name]


@pytest.fixture
def loaded(database):
    """For the tests that add to it."""
    load(database, customers=CUSTOMERS, tickets=TICKETS, seed=1, now=NOW)
    return database


def every(database, model, *options):
    with database.reading() as session:
        return session.scalars(select(model).options(*options)).all()


def conversations(database):
    """Every ticket with its messages in the order of writing."""
    with database.reading() as session:
        tickets = session.scalars(select(Ticket)).all()
        by_ticket = {ticket.id: [] for ticket in tickets}
        for message in session.scalars(select(Message).order_by(Message.created_at, Message.sequence)):
            by_ticket[message.ticket_id].append(message)
        return [(ticket, by_ticket[ticket.id]) for ticket in tickets]


def waiting_since(messages):
    waiting = None
    for message in messages:
        waiting = None if message.from_agent else waiting or message.created_at
    return waiting


def test_what_a_ticket_repeats_of_its_messages_is_true(filled):
    for ticket, messages in conversations(filled):
        last = messages[-1]
        answers = [message.created_at for message in messages if message.from_agent]
        assert ticket.message_count == ticket.conversation_version == len(messages)
        assert ticket.last_message_preview == preview(last.content)
        assert ticket.last_message_at == last.created_at
        assert ticket.last_message_from_agent == last.from_agent
        assert ticket.waiting_since == waiting_since(messages)
        assert ticket.first_response_at == (answers[0] if answers else None)
        assert ticket.created_at == messages[0].created_at


def test_its_place_in_the_inbox_is_that_of_the_weights_in_force(filled):
    assert any(ticket.waiting for ticket in every(filled, Ticket))
    for ticket, messages in conversations(filled):
        said = [message.content for message in messages if not message.from_agent]
        assert ticket.customer_sentiment == sentiment_of(said[-1])
        assert ticket.inbox_rank == WEIGHTS.rank(ticket)
        assert ticket.waiting == (unanswered_since(ticket) is not None)


def test_everything_can_be_searched(filled):
    kept = Counter((text.kind, text.source_id) for text in every(filled, SearchText))
    told = Counter()
    for ticket, messages in conversations(filled):
        told[TextKind.SUBJECT, ticket.id] += 1
        for message in messages:
            told[TextKind.MESSAGE, message.id] += len(list(pieces_of(message.content)))
    told.update((TextKind.CUSTOMER, customer.id) for customer in every(filled, Customer))
    assert kept == told


def test_a_ticket_is_settled_when_its_status_says_so_and_after_its_last_message(filled):
    for ticket, messages in conversations(filled):
        assert (ticket.resolved_at is not None) == (ticket.status is TicketStatus.RESOLVED)
        assert (ticket.closed_at is not None) == (ticket.status is TicketStatus.CLOSED)
        settled_at = ticket.resolved_at or ticket.closed_at
        assert ticket.updated_at == settled_at or messages[-1].created_at
        assert messages[-1].created_at <= ticket.updated_at <= NOW


def test_a_customer_has_the_last_word_in_open_tickets_alone(filled):
    for ticket, messages in conversations(filled):
        assert ticket.status is TicketStatus.OPEN or messages[-1].from_agent


def test_the_kept_counters_are_the_tickets(filled):
    counted = Counter()
    for counter in every(filled, TicketCounter):
        counted[counter.status] += counter.tickets
    assert counted == Counter(ticket.status for ticket in every(filled, Ticket))


def test_a_total_is_the_lines_less_the_discount(filled):
    orders = every(filled, Order, selectinload(Order.lines), selectinload(Order.refunds))
    assert any(order.discount for order in orders)
    for order in orders:
        assert order.discount == sum(line.discount for line in order.lines)
        assert order.total == sum(line.price * line.quantity for line in order.lines) - order.discount
        assert order.total > 0


def test_a_refund_comes_after_its_order_and_is_no_more_than_was_paid(filled):
    orders = every(filled, Order, selectinload(Order.refunds))
    assert any(order.refunds for order in orders)
    for order in orders:
        back = sum((refund.amount for refund in order.refunds), Decimal(0))
        assert back <= order.total
        assert (order.status == "paid") == (back == 0)
        assert all(order.ordered_at < refund.at <= NOW for refund in order.refunds)


def test_nobody_buys_or_writes_before_the_desk_knows_them(filled):
    known_since = {customer.id: customer.created_at for customer in every(filled, Customer)}
    for order in every(filled, Order):
        assert known_since[order.customer_id] <= order.ordered_at <= NOW
    for ticket in every(filled, Ticket):
        assert known_since[ticket.customer_id] <= ticket.created_at <= NOW


def test_addresses_are_reserved_ones(filled):
    domains = {customer.email.partition("@")[2] for customer in every(filled, Customer) if customer.email}
    assert domains == {"example.com", "example.org", "example.net"}


def test_every_status_priority_and_channel_is_there(filled):
    tickets = every(filled, Ticket)
    assert len({ticket.status for ticket in tickets}) == 4
    assert len({ticket.priority for ticket in tickets}) == 4
    assert len({ticket.channel for ticket in tickets}) == 5
    assert {"lost_package", "wrong_item", "billing_error", "product_defect", "shipping_delay"} <= {
        tag for ticket in tickets for tag in ticket.tags
    }


def all_rows(database):
    with database.reading() as session:
        return {
            table.name: sorted(map(str, session.execute(table.select()).all()))
            for table in Base.metadata.sorted_tables
        }


def test_a_second_run_changes_nothing_even_later(loaded):
    before = all_rows(loaded)
    again = load(loaded, customers=CUSTOMERS, tickets=TICKETS, seed=1, now=NOW + timedelta(days=9))
    assert again == Loaded(customers=0, orders=0, tickets=0, messages=0)
    assert all_rows(loaded) == before


def test_a_larger_run_only_adds(loaded):
    before = {ticket.id for ticket in every(loaded, Ticket)}
    more = load(loaded, customers=CUSTOMERS + 10, tickets=TICKETS + 20, seed=1, now=NOW)
    assert (more.customers, more.tickets) == (10, 20)
    assert before < {ticket.id for ticket in every(loaded, Ticket)}


def test_another_seed_makes_others(loaded):
    others = load(loaded, customers=10, tickets=10, seed=2, now=NOW)
    assert (others.customers, others.tickets) == (10, 10)


def test_the_customers_and_the_ticket_of_the_examples_are_always_there(database):
    load(database, customers=0, tickets=0, seed=7, now=NOW)
    customers = {customer.id for customer in every(database, Customer)}
    assert customers == {
        "cust_123",
        "test_customer_low_ltv",
        "test_customer_high_ltv",
        "test_customer_new",
    }
    bought = Counter(order.customer_id for order in every(database, Order))
    assert bought == {"cust_123": 12, "test_customer_low_ltv": 2, "test_customer_high_ltv": 48}
    ((ticket, messages),) = conversations(database)
    assert (ticket.id, ticket.customer_id, ticket.status, ticket.channel) == (
        "ticket_123",
        "cust_123",
        "open",
        "email",
    )
    assert [message.from_agent for message in messages] == [False]


def test_a_customer_who_is_there_already_keeps_their_details(database):
    with database.writing() as session:
        session.add(Customer(id="cust_123", ref="ref_kept", name="Kept", created_at=NOW, updated_at=NOW))
    load(database, customers=0, tickets=0, seed=1, now=NOW)
    kept = next(customer for customer in every(database, Customer) if customer.id == "cust_123")
    assert (kept.name, kept.ref) == ("Kept", "ref_kept")
    assert any(order.customer_id == "cust_123" for order in every(database, Order))


def test_an_empty_database_is_told_from_a_filled_one(database):
    assert is_empty(database)
    load(database, customers=0, tickets=0, seed=1, now=NOW)
    assert not is_empty(database)


@given(seed=st.integers(0, 2**31 - 1), number=st.integers(1, 10**6))
def test_a_conversation_runs_forward_and_never_into_the_future(seed, number):
    case = make_case(number, list(shoppers(3, seed=seed)), seed=seed)
    ages = [turn.age for turn in case.turns]
    if case.settled_age is not None:
        ages.append(case.settled_age)
    assert ages == sorted(set(ages), reverse=True)
    assert timedelta(0) < ages[-1] <= ages[0] < case.shopper.age
    assert (case.settled_age is not None) == (case.status in SETTLED)


@given(seed=st.integers(0, 2**31 - 1))
def test_a_seed_makes_the_same_rows_whatever_is_made_beside_them(seed):
    few, many = list(shoppers(2, seed=seed)), list(shoppers(6, seed=seed))
    assert many[: len(few)] == few
    assert rows.ticket_row(make_case(5, few, seed=seed), NOW) == rows.ticket_row(
        make_case(5, list(shoppers(2, seed=seed)), seed=seed), NOW
    )


def test_texts_and_purchases_vary():
    known = list(shoppers(500, seed=1))
    cases = [make_case(number, known, seed=1) for number in range(1, 1_001)]
    assert len({case.turns[0].content for case in cases}) > 900
    orders = [len(shopper.purchases) for shopper in known]
    assert 0.02 < orders.count(0) / len(orders) < 0.09
    assert max(orders) > 20

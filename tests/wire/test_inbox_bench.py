"""The inbox bench is to be believed: its desks are as the service would have made them."""

from datetime import timedelta
from itertools import islice

import pytest
from sqlalchemy import func, select

from benchmarks.inbox import stage
from benchmarks.inbox.copying import APART, GAINED
from benchmarks.inbox.floors import Share
from benchmarks.inbox.loading import load_postgresql, load_sqlite
from benchmarks.inbox.probes import PROBES
from benchmarks.inbox.rounds import Compared, compare
from benchmarks.inbox.words import EVERY, NONE, TEN, TENTH
from service.database import Database
from service.testing.desk import migrate, running_desk
from service.text_index import Phrase, TextIndex
from service.tickets.models import Message, Ticket, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.sentiment import sentiment_of
from service.wiring import Substitutes
from tests.servers import Postgres

OPEN = 200
COPIES = 2


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def furnished(request, tmp_path_factory, postgres: Postgres):
    """A running desk with what the bench puts there, how often, and the bench's view of it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('bench') / 'desk.db'}"
        migrate(stage.normalise_url(url))
        contents = stage.contents_of(OPEN * COPIES)
        load_sqlite(url, contents)
        yield from _served(url, contents)
    else:
        with postgres.new_database() as url:
            migrate(stage.normalise_url(url))
            contents = stage.contents_of(OPEN)
            load_postgresql(url, contents, copies=COPIES)
            yield from _served(url, contents)


def _served(url, contents):
    with running_desk({"DATABASE_URL": url, "INTELLIGENCE_PROVIDERS": "fallback"}, Substitutes()) as desk:
        port = int(desk.url.rsplit(":", 1)[1])
        yield desk, stage.Desk(OPEN * COPIES, port, "", contents.opened, contents.customers)


def inbox(desk, **query):
    answer = desk.get("/api/tickets", params={"status": "open", "limit": 100} | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_counters_and_words_are_as_many_as_the_bench_says(furnished):
    desk, _ = furnished
    with desk.component(Database).reading() as session:  # another test may have created some
        there = session.scalar(select(func.count()).where(Ticket.status == TicketStatus.OPEN))
    assert there >= OPEN * COPIES
    assert inbox(desk)["pagination"]["total"] == there
    matches = {word: inbox(desk, topic_alerts=word)["matches"] for word in (EVERY, TENTH, TEN, NONE)}
    assert matches == {EVERY: there, TENTH: OPEN * COPIES / 10, TEN: 10, NONE: 0}
    assert inbox(desk, q=TEN)["pagination"]["total"] == 10


def test_ranks_and_sentiments_are_those_the_service_keeps(furnished):
    desk, _ = furnished
    with desk.component(Database).reading() as session:
        tickets = session.scalars(select(Ticket)).all()
        last = {
            message.ticket_id: message.content
            for message in session.scalars(
                select(Message)
                .where(Message.from_agent.is_(False))
                .order_by(Message.created_at, Message.sequence)
            )
        }
    assert len(tickets) >= OPEN * COPIES
    for ticket in tickets:
        assert ticket.inbox_rank == pytest.approx(Weights().rank(ticket), abs=1e-7)
        assert ticket.customer_sentiment == sentiment_of(last[ticket.id])


def test_every_message_is_found_by_its_own_words(furnished):
    desk, _ = furnished
    with desk.component(Database).reading() as session:
        index = TextIndex(session.get_bind().dialect.name)
        some = session.scalars(select(Message).where(Message.content.contains(EVERY)).limit(20)).all()
        for message in some:
            number = Phrase.of(message.content.split(f"{EVERY} ")[1].split(".")[0])
            assert number is not None
            held = session.execute(select(index.holding([number], 2))).all()
            assert [row.ticket_id for row in held] == [message.ticket_id]


def test_a_later_copy_has_waited_longer_by_whole_steps():
    assert APART / timedelta(hours=1) * Weights().waiting == pytest.approx(GAINED, rel=1e-12)


@pytest.mark.parametrize("name", PROBES)
def test_every_request_of_the_bench_is_answered(furnished, name):
    _, view = furnished
    compared = compare(PROBES[name], [view, view], samples=1, bound=None)
    assert [len(took) for took in compared.took_ms] == [1, 1]
    assert compared.kept


@pytest.mark.parametrize(("slowest", "kept"), [(1.5, True), (1.6, False)])
def test_a_ratio_of_the_medians_is_what_the_bound_is_for(slowest, kept):
    compared = Compared(PROBES["first page of 25"], [[1.0, 1.0, 9.0], [0.1, slowest, slowest]], 1.5)
    assert compared.ratio == pytest.approx(slowest)
    assert compared.kept is kept
    assert ("MISSED" in compared.line) is not kept


def test_a_share_with_failures_is_missed():
    assert Share("reads", 0.5, 500, 1000, 0).kept
    assert not Share("reads", 0.5, 500, 1000, 1).kept
    assert not Share("creates", 0.1, 100, 1000, 0).kept


def test_creations_are_by_customers_who_are_there(furnished):
    _, view = furnished
    asked = islice(PROBES["create a ticket"].asked(view), 50)
    numbers = {int(body["customer_id"].removeprefix("cust_")) for _, body in asked}
    assert max(numbers) < view.customers
    assert len(numbers) > 10

"""Whatever changes while somebody walks the inbox by score, each ticket stands where it stood at first."""

import random
import threading
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from service.agents.services import AgentDirectory
from service.errors import InvalidField, NotFound
from service.events import StoredEvent
from service.text_index import Phrase, TextIndex
from service.tickets import past_ranks
from service.tickets.filters import TicketFilter
from service.tickets.inbox_queries import USUAL, Effort
from service.tickets.models import PastRank, Priority, Ticket, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.services import InboxPage, InboxService, NewTicket, Ranking, TicketChange, Wanted
from service.timed_work import prune_past_ranks, renew_ranks
from tests.conftest import empty_all_tables
from tests.service.tickets.test_kept_figures import CUSTOMERS, WORDS, Desk

EXAMPLES = 8
AT_FIRST = 30
TAG = "vip"
ALERT = "comet"


class RestlessDesk(Desk):
    """Everything happens that moves tickets; what a topic alert finds stays as it is."""

    def __init__(self, database, chance):
        super().__init__(database, chance)
        self.effort = USUAL

    def step(self):
        self.clock.advance(self.chance.choice([0.1, 1, 4]))
        often = (self.say, self.move, self.prioritise, self.learn)
        seldom = (self.create, self.edit, self.unsay, self.reset, self.delete, self.restore, self.tag)
        try:
            self.chance.choice((*often, *often, *seldom))()
        except NotFound:
            return

    def create(self):
        new = NewTicket(
            customer_id=self.chance.choice(CUSTOMERS),
            subject=self.chance.choice(["Parcel", ALERT]),
            status=self.chance.choice([*TicketStatus, TicketStatus.OPEN]),
            priority=self.chance.choice(list(Priority)),
            tags=frozenset(self.chance.choice([(), (TAG,)])),
            initial_message=self.chance.choice([None, *WORDS]),
        )
        return self.tickets.create(new, actor="a").ticket

    def prioritise(self):
        values = {"priority": self.chance.choice(list(Priority))}
        self.tickets.change(self.any(Ticket), TicketChange(values=values), actor="a")

    def tag(self):
        tags = frozenset(self.chance.choice([(), (TAG,)]))
        self.tickets.change(self.any(Ticket), TicketChange(tags=tags), actor="a")

    def page(self, wanted, cursor=None, *, limit):
        inbox = InboxService(
            self.database,
            TextIndex(self.database.engine.dialect.name),
            self.ranking.weights,
            self.clock,
            AgentDirectory(self.database, self.clock),
            effort=self.effort,
        )
        return inbox.by_score(wanted, InboxPage.asked(page=None, limit=limit, cursor=cursor)).listing

    def places(self, *, alerted):
        """Of all tickets there are, as they are now: the oracle's."""
        now = Fraction(self.ranking.weights.waited(self.clock.now()))
        boost = Fraction(self.ranking.weights.boost)
        return {
            ticket.id: (
                Fraction(ticket.inbox_rank)
                + now * ticket.waiting
                + boost * (alerted and ticket.subject == ALERT),
                alerted and ticket.subject == ALERT,
                ticket.id,
            )
            for ticket in self.every(Ticket)
        }

    def matching(self, wanted):
        return {
            ticket.id
            for ticket in self.every(Ticket)
            if ticket.deleted_at is None
            and wanted.filter.status in {None, ticket.status}
            and wanted.filter.priority in {None, ticket.priority}
            and (wanted.tag is None or wanted.tag in ticket.tags)
        }


@pytest.fixture
def restless(database, engine_name, migrated_url):
    """Makes desks one after the other, each on the emptied database."""

    def desk(seed):
        if engine_name == "postgresql":
            empty_all_tables(migrated_url.replace("+psycopg", ""))
        else:
            with database.writing() as session:
                for table in reversed(Ticket.metadata.sorted_tables):
                    if table is not StoredEvent.__table__:  # what of them is the audit's stays for good
                        session.execute(table.delete())
        desk = RestlessDesk(database, random.Random(seed))
        for _ in range(AT_FIRST):
            desk.create()
            desk.step()
        return desk

    return desk


WANTED = st.builds(
    Wanted,
    filter=st.builds(
        TicketFilter, status=st.none() | st.just("open"), priority=st.none() | st.just("urgent")
    ),
    tag=st.none() | st.just(TAG),
    alerts=st.just(()) | st.just((Phrase(ALERT),)),
)
EFFORTS = st.just(USUAL) | st.builds(
    Effort, first_look=st.integers(1, 20), few_texts=st.integers(0, 80), longest_walk=st.integers(1, 100)
)


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 1_000_000),
    wanted=WANTED,
    effort=EFFORTS,
    limit=st.integers(1, 9),
    restlessness=st.integers(1, 8),
)
def test_each_page_is_the_next_of_the_moment_when_the_walk_began(
    restless, seed, wanted, effort, limit, restlessness
):
    desk = restless(seed)
    desk.effort = effort
    places = desk.places(alerted=bool(wanted.alerts))
    listing, last = desk.page(wanted, limit=limit), None
    while True:
        ahead = [places[one] for one in desk.matching(wanted) & places.keys()]
        ahead = sorted((place for place in ahead if last is None or place < last), reverse=True)
        assert [row.ticket.id for row in listing.rows] == [ticket_id for *_, ticket_id in ahead[:limit]]
        assert [row.score for row in listing.rows] == [round(float(score), 4) for score, *_ in ahead[:limit]]
        assert (listing.pagination.next_cursor is not None) == (len(ahead) > limit)
        if len(ahead) <= limit:
            return
        last = ahead[limit - 1]
        for _ in range(restlessness):
            desk.step()
        listing = desk.page(wanted, listing.pagination.next_cursor, limit=limit)


def ids_along(desk, cursor, *, limit=3):
    while cursor is not None:
        listing = desk.page(Wanted(), cursor, limit=limit)
        yield from (row.ticket.id for row in listing.rows)
        cursor = listing.pagination.next_cursor


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_change_that_began_before_the_walk_and_is_committed_after_its_first_page_is_later(restless):
    """By its time it is earlier; SQLite has one writer, and no such change."""
    desk = restless(1)
    order = sorted(desk.places(alerted=False).values(), reverse=True)
    order = [ticket_id for *_, ticket_id in order if ticket_id in desk.matching(Wanted())]
    ranked, go_on = threading.Event(), threading.Event()

    def change_slowly():
        with desk.database.writing() as session:
            ticket = session.get_one(Ticket, order[-1])
            ticket.service_level_score = 1_000.0
            session.flush()
            ranked.set()
            assert go_on.wait(10)

    writer = threading.Thread(target=change_slowly)
    writer.start()
    assert ranked.wait(10)
    desk.clock.advance(1)
    first = desk.page(Wanted(), limit=3)
    go_on.set()
    writer.join()
    rest = list(ids_along(desk, first.pagination.next_cursor))
    assert [row.ticket.id for row in first.rows] + rest == order


def test_of_a_change_between_the_moment_and_the_first_page_the_walk_knows_nothing(restless):
    desk = restless(2)
    order = sorted(desk.places(alerted=False).values(), reverse=True)
    order = [ticket_id for *_, ticket_id in order if ticket_id in desk.matching(Wanted())]
    engine, changed = desk.database.engine, []

    def change_once(_connection, _cursor, statement, *_):
        if not changed and ("txid_current_snapshot" in statement or "max(past_ranks.change)" in statement):
            changed.append(statement)
            with desk.database.writing() as session:
                session.get_one(Ticket, order[-1]).service_level_score = 1_000.0

    event.listen(engine, "after_cursor_execute", change_once)
    first = desk.page(Wanted(), limit=3)
    event.remove(engine, "after_cursor_execute", change_once)
    assert changed
    rest = list(ids_along(desk, first.pagination.next_cursor))
    assert [row.ticket.id for row in first.rows] + rest == order


def test_a_cursor_expires_after_an_hour_and_the_ranks_before_are_pruned_after_that(restless):
    desk = restless(3)
    desk.clock.advance((past_ranks.KEPT + past_ranks.PRUNED_LATER).total_seconds() + 1)
    prune_past_ranks(desk.database, desk.clock)
    cursor = desk.page(Wanted(), limit=3).pagination.next_cursor
    ticket = desk.create()
    for priority in (*Priority, *Priority):
        desk.tickets.change(ticket.id, TicketChange(values={"priority": priority}), actor="a")
    desk.clock.advance(past_ranks.KEPT.total_seconds())
    assert prune_past_ranks(desk.database, desk.clock)["past_ranks"] == 1, "that which stayed before"
    assert desk.page(Wanted(), cursor, limit=3).rows
    desk.clock.advance(1)
    with pytest.raises(InvalidField, match="expired"):
        desk.page(Wanted(), cursor, limit=3)
    kept = len(desk.every(PastRank))
    desk.clock.advance(past_ranks.PRUNED_LATER.total_seconds())
    desk.clock.advance(1)
    assert prune_past_ranks(desk.database, desk.clock)["past_ranks"] == kept - 1 > 0
    assert [rank.sequence for rank in desk.every(PastRank)], "the last one stays, to count on from"


def test_a_walk_ends_where_all_ranks_are_made_anew_and_others_come_of_it(restless):
    desk = restless(4)
    renew_ranks(desk.ranking)
    cursor = desk.page(Wanted(), limit=3).pagination.next_cursor
    renew_ranks(Ranking(desk.database, Weights(topic_alert=9.0), desk.facts, desk.clock))
    assert desk.page(Wanted(), cursor, limit=3).rows
    renew_ranks(Ranking(desk.database, Weights(urgency=9.0), desk.facts, desk.clock))
    with pytest.raises(InvalidField, match="expired"):
        desk.page(Wanted(), cursor, limit=3)


def test_what_changes_nothing_of_a_rank_leaves_nothing(restless):
    desk = restless(5)
    ticket = desk.create()
    before = len(desk.every(PastRank))
    for values in ({"subject": "Another"}, {"assigned_to": "ann"}, {"priority": ticket.priority}):
        desk.tickets.change(ticket.id, TicketChange(values=values), actor="a")
    assert len(desk.every(PastRank)) == before
    with desk.database.reading() as session:
        assert session.scalar(select(PastRank.at).where(PastRank.ticket_id == ticket.id)) is None

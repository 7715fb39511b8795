"""Whatever way the inbox looks for its pages, they are those of an oracle that scores every ticket."""

import itertools
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from providers.testing.fakes import FakeClock
from service.agents.services import AgentDirectory
from service.database import Database, engine_options, normalise_url, upgrade
from service.http.pagination import Page
from service.text_index import Phrase, TextIndex
from service.tickets.filters import TicketFilter
from service.tickets.inbox_queries import FURTHER, USUAL, Effort
from service.tickets.services import InboxPage, InboxService, Sight, Wanted
from tests.service.tickets.desks import AGENTS, NOW, TEAMS, TICKETS, RandomDesk, Sought

SEEDS = (1, 2)
EXAMPLES = 20


@pytest.fixture(scope="module")
def desks():
    with ExitStack() as stack:
        yield {}, stack


@pytest.fixture(params=SEEDS)
def desk(engine_name, request, desks, tmp_path_factory):
    """Each is filled once: these tests only read."""
    known, stack = desks
    if (engine_name, request.param) not in known:
        if engine_name == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('walked')}/desk.db"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres").new_database())
        engine = create_engine(normalise_url(url), **engine_options(normalise_url(url)))
        stack.callback(engine.dispose)
        upgrade(engine)
        known[engine_name, request.param] = RandomDesk(Database(engine), request.param)
    return known[engine_name, request.param]


PHRASES = st.sampled_from(
    ["parcel", "late", "scam", "STRASSE", "1e5abc", "abc", "unicorn", "nothing", "parcel late", "scam straße"]
).map(Phrase.of)
SEARCHED = PHRASES | st.sampled_from(["Ada", "late.example", "c1@late.example", "hopper"]).map(Phrase.of)


def rarely(values):
    return st.none() | st.none() | st.sampled_from(values)


FILTERS = st.builds(
    TicketFilter,
    status=rarely(["open", "pending", "resolved", "closed"]),
    priority=rarely(["urgent", "low"]),
    channel=rarely(["sms"]),
    assigned_to=rarely(["ann", "nobody", AGENTS[0], AGENTS[1]]),
    team_id=rarely([*TEAMS, AGENTS[0]]),
    customer_id=rarely(["c0", "c7"]),
)
SIGHTS = st.builds(Sight, st.sampled_from(AGENTS), st.frozensets(st.sampled_from(list(TEAMS))))
SOUGHT = st.builds(
    Sought,
    filter=FILTERS,
    tag=rarely(["vip", "x"]),
    search=st.lists(SEARCHED, max_size=2, unique=True).map(tuple),
    alerts=st.lists(PHRASES, max_size=2, unique=True).map(tuple),
    sight=st.none() | SIGHTS,
)
EFFORTS = st.just(USUAL) | st.builds(
    Effort,
    first_look=st.integers(1, 60),
    few_texts=st.integers(0, 80),
    longest_walk=st.integers(1, 2_000),
    sample=st.integers(1, 2 * TICKETS),
    sure_hits=st.integers(1, 30),
    surely_more=st.sampled_from([50, 10_000]),
)
examples = settings(
    max_examples=EXAMPLES,
    phases=[Phase.generate],  # shrinking runs for minutes, and an example is small as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def inbox_of(desk, effort):
    index = TextIndex(desk.database.engine.dialect.name)
    clock = FakeClock(NOW)
    directory = AgentDirectory(desk.database, clock)
    return InboxService(desk.database, index, desk.weights, clock, directory, effort=effort)


def wanted(sought):
    return Wanted(
        filter=sought.filter,
        tag=sought.tag,
        search=sought.search,
        alerts=sought.alerts,
        sight=sought.sight,
    )


def told(shown):
    return [(one.ticket.id, one.alerted) for one in shown]


def walked(ask):
    """All rows along the cursor, each as id and whether it is alerted."""
    rows, cursor = [], None
    while len(rows) <= TICKETS:
        inbox = ask(cursor)
        rows += inbox.listing.rows
        cursor = inbox.listing.pagination.next_cursor
        if cursor is None:
            break
    return rows


def counts_are_true(inbox, shown, sought, effort):
    pagination = inbox.listing.pagination
    matches = sum(one.alerted for one in shown)
    for counted, estimated, true in (
        (pagination.total, pagination.total_is_estimate, len(shown)),
        (inbox.matches, inbox.matches_is_estimate, matches),
    ):
        if estimated:
            # Each walk is so many times as long as the one before: the longest may be shorter by as much.
            assert effort.surely_more < 10_000 or (
                effort.longest_walk < FURTHER * TICKETS and counted <= true
            )
        else:
            assert counted == true


@examples
@given(sought=SOUGHT, effort=EFFORTS, limit=st.integers(15, 60))
def test_a_walk_by_score_shows_each_ticket_once_and_in_order(desk, sought, effort, limit):
    inbox, shown = inbox_of(desk, effort), desk.by_score(sought, NOW)

    def ask(cursor):
        return inbox.by_score(wanted(sought), InboxPage.asked(page=None, limit=limit, cursor=cursor))

    rows = walked(ask)
    assert [(row.ticket.id, row.alerted) for row in rows] == told(shown)
    assert [row.score for row in rows] == [round(float(one.place), 4) for one in shown]
    counts_are_true(ask(None), shown, sought, effort)


@examples
@given(
    sought=SOUGHT,
    effort=EFFORTS,
    limit=st.integers(15, 60),
    column=st.sampled_from(["created_at", "updated_at"]),
    ascending=st.booleans(),
)
def test_a_walk_by_time_shows_each_ticket_once_and_in_order(desk, sought, effort, limit, column, ascending):
    inbox, shown = inbox_of(desk, effort), desk.by_time(sought, column, ascending=ascending)

    def ask(cursor):
        page = Page.asked(page=None, limit=limit, cursor=cursor)
        return inbox.by_time(wanted(sought), page, column=column, ascending=ascending)

    assert [(row.ticket.id, row.alerted) for row in walked(ask)] == told(shown)
    counts_are_true(ask(None), shown, sought, effort)


@examples
@given(sought=SOUGHT, effort=EFFORTS, limit=st.integers(15, 60), number=st.integers(1, 8))
def test_any_page_is_that_part_of_the_whole(desk, sought, effort, limit, number):
    shown = desk.by_score(sought, NOW)
    page = InboxPage.asked(page=number, limit=limit, cursor=None)
    listing = inbox_of(desk, effort).by_score(wanted(sought), page).listing
    part = slice((number - 1) * limit, number * limit)
    assert [(row.ticket.id, row.alerted) for row in listing.rows] == told(shown[part])
    assert listing.pagination.has_next == (len(shown) > number * limit)


def test_the_desks_are_full_of_ties(desk):
    shown = desk.by_score(Sought(alerts=(Phrase("scam"),)), NOW)
    neighbours = list(itertools.pairwise(shown))
    assert sum(one.place == other.place for one, other in neighbours) > 20
    assert any(one.place == other.place and one.alerted != other.alerted for one, other in neighbours)

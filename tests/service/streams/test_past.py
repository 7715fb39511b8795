"""Pages of the feed, on both databases: bounded, whatever of it their reader sees."""

import pytest

from service.errors import InvalidField
from service.feed.relay import Relay
from service.feed.services import Feed
from service.permissions import Owners
from service.streams.services import PastEvents
from service.streams.viewing import Viewer
from service.tickets.ownership import TicketOwnership
from tests.service.persistence import rows
from tests.service.streams.watching import ALL, agent

KIM = Viewer.of(agent("kim"))
MESSAGES = frozenset({"message.added"})


@pytest.fixture
def past(database):
    return PastEvents(database, Feed(), TicketOwnership(database))


@pytest.fixture
def happened(database):
    """Adds events of a ticket that is nobody's, of one of a team, and of no ticket, in turn; numbered."""

    def add(number, kind="ticket.updated"):
        with database.writing() as session:
            ids = [kept[0].id, kept[1].id, None]
            session.add_all(rows.event(type=kind, ticket_id=ids[n % 3]) for n in range(number))
        Relay(database).number()

    with database.writing() as session:
        ada, returns = rows.customer(), rows.team()
        session.add_all([ada, returns])
        session.flush()
        kept = [rows.ticket(ada), rows.ticket(ada, team_id=returns.id, owned_by=returns.id)]
        session.add_all(kept)
    return add


def positions(page):
    return [event.position for event in page.events]


def test_a_page_goes_on_where_the_last_one_ended(past, happened):
    happened(7)
    page = past.page(ALL, 0, limit=3, types=None)
    assert (positions(page), page.last, page.has_more) == ([1, 2, 3], 3, True)
    page = past.page(ALL, 3, limit=4, types=None)
    assert (positions(page), page.last, page.has_more) == ([4, 5, 6, 7], 7, False)
    page = past.page(ALL, 7, limit=3, types=None)
    assert (positions(page), page.last, page.has_more) == ([], 7, False)


def test_one_who_sees_few_goes_on_past_what_they_do_not_see(past, happened):
    happened(9)
    page = past.page(KIM, 0, limit=2, types=None)
    assert (positions(page), page.last, page.has_more) == ([1, 4], 4, True)
    page = past.page(KIM, page.last, limit=2, types=None)
    assert (positions(page), page.last, page.has_more) == ([7], 9, False)


def test_a_page_of_rare_types_is_bounded_too(past, happened):
    happened(1_500)
    happened(1, "message.added")
    page = past.page(ALL, 0, limit=10, types=MESSAGES)
    assert (positions(page), page.last, page.has_more) == ([], 1_000, True)
    page = past.page(ALL, page.last, limit=10, types=MESSAGES)
    assert (positions(page), page.last, page.has_more) == ([1_501], 1_501, False)


def test_every_walk_sees_all_there_is_once(past, happened):
    happened(40)
    for viewer, expected in ((ALL, list(range(1, 41))), (KIM, list(range(1, 41, 3)))):
        for limit in (1, 7, 100):
            after, came, more = 0, [], True
            while more:
                page = past.page(viewer, after, limit=limit, types=None)
                came += positions(page)
                assert page.last > after
                after, more = page.last, page.has_more
            assert came == expected


def test_a_position_that_is_yet_to_come_is_refused(past, happened):
    assert past.begin_of(None, field="after") == 0
    happened(2)
    assert past.begin_of(None, field="after") == 2
    assert past.begin_of(2, field="after") == 2
    with pytest.raises(InvalidField, match="newest event is 2") as refused:
        past.begin_of(3, field="after")
    assert refused.value.field == "after"


def test_whose_tickets_are_is_one_statement_for_all(database, past):
    with database.writing() as session:
        ada, kim, returns = rows.customer(), rows.agent(), rows.team()
        session.add_all([ada, kim, returns])
        session.flush()
        session.add(rows.team_member(returns, kim))
        his = rows.ticket(ada, assigned_to=kim.id, owned_by=kim.id)
        theirs = rows.ticket(ada, team_id=returns.id, owned_by=returns.id)
        labelled = rows.ticket(ada, assigned_to="night shift")
        session.add_all([his, theirs, labelled])
    assert past.owners([his.id, theirs.id, labelled.id, "ticket_none"]) == {
        his.id: Owners(assignee_id=kim.id, assignee_team_ids=frozenset({returns.id})),
        theirs.id: Owners(team_id=returns.id),
        labelled.id: Owners(),
    }

"""The bench of assignments is to be believed: its desks are sound, and what is not exact is told."""

import pytest
from sqlalchemy import select

from benchmarks.assign.contents import PROVIDERS, Contents
from benchmarks.assign.parallel import all_at_once
from benchmarks.assign.stage import Desk
from benchmarks.assign.steady import (
    ASSIGN,
    CONNECTIONS,
    MOST_PER_SECOND,
    P50,
    P99,
    PASSES,
    RESOLVE,
    Steady,
    Tickets,
    assignments,
    priorities,
)
from service.database import Database
from service.engines import normalise_url
from service.testing.desk import migrate, running_desk
from service.tickets.models import Ticket
from service.tickets.scoring import Weights

SMALL = Contents(agents=3, capacity=4, tickets=20, queued=10, night_agents=2)


@pytest.fixture(scope="module")
def furnished(postgres, tmp_path_factory):
    """A running desk with what the bench puts there, and the bench's view of it."""
    directory = tmp_path_factory.mktemp("bench")
    with postgres.new_database() as url:
        migrate(normalise_url(url))
        SMALL.write(url)
        environment = {"DATABASE_URL": url, "INTELLIGENCE_PROVIDERS": PROVIDERS}
        with running_desk(environment | {"LOG_FILE": str(directory / "app.log")}) as desk:
            yield desk, Desk(SMALL, int(desk.url.rsplit(":", 1)[1]), "", url, directory)


def test_its_tickets_stand_where_the_service_would_put_them(furnished):
    desk, _ = furnished
    with desk.component(Database).reading() as session:
        tickets = session.scalars(select(Ticket)).all()
        for ticket in tickets:
            assert ticket.inbox_rank == Weights().rank(ticket)
            assert ticket.owned_by == ticket.team_id
    assert desk.get("/api/tickets", params={"status": "open"}).json()["pagination"]["total"] == len(tickets)


def test_as_many_find_an_agent_at_once_as_there_is_room_for_and_what_is_not_exact_is_told(furnished):
    _, view = furnished
    done = all_at_once(view)
    assert (done.assigned, done.queued, done.faults) == (SMALL.room, SMALL.tickets - SMALL.room, [])
    assert done.line.endswith("exact")
    view.execute("UPDATE agent_loads SET tickets = tickets + 1")
    assert view.faults() == [f"{SMALL.agents} agents whose load is not that of their tickets"]
    view.execute("UPDATE agents SET capacity = 1")
    view.execute("UPDATE agent_loads SET tickets = tickets - 1")
    assert view.faults() == [f"{SMALL.agents} agents beyond their capacity"]


def test_each_connection_assigns_and_resolves_tickets_of_its_own(furnished):
    _, view = furnished
    asked = assignments(Tickets(view), seconds=2 * CONNECTIONS / MOST_PER_SECOND)
    assert len(asked) == 4 * CONNECTIONS
    assert len({path.split("/")[3] for path, *_ in asked}) == 2 * CONNECTIONS
    for (assign, *_, first), (resolve, body, _, second) in zip(asked[::2], asked[1::2], strict=True):
        assert (assign, first) == (f"{resolve}/auto-assign", ASSIGN)
        assert (body, second) == ({"status": "resolved"}, RESOLVE)


def test_the_floor_changes_a_priority_each_time(furnished):
    _, view = furnished
    asked = priorities(view, SMALL.ticket_ids()[: 2 * CONNECTIONS])
    now = dict(view.rows("SELECT id, priority FROM tickets"))
    for first in range(CONNECTIONS):
        for path, body, *_ in asked[first * 2 * PASSES : (first + 1) * 2 * PASSES]:
            ticket_id = path.rsplit("/", 1)[1]
            assert now[ticket_id] != body["priority"]
            now[ticket_id] = body["priority"]


@pytest.mark.parametrize(("failures", "sound"), [(0, True), (1, False)])
def test_a_round_with_failures_is_not_sound(failures, sound):
    floor = {"per_second": 200.0, "p50_ms": 20.0, "failures": failures}
    desk = {"per_second": 100.0, P50: 30.0, P99: 60.0, "failures": 0}
    told = Steady("ten agents", [{"floor": floor, "desk": desk}], [])
    assert (told.per_second, told.share, told.cost) == (50, 0.5, 1.5)
    assert told.beside(told) == 1
    assert told.sound is sound
    assert ("MISSED" in told.line) is not sound

"""What waits is handed out in the order of the inbox, past what nobody may take, at the same cost."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from random import Random

from sqlalchemy import event, update

from service.agents.models import Agent, AgentStatus
from service.assignment.handing_out import HandingOut
from service.assignment.models import Assignment
from service.assignment.strategies import Candidate, Rule, Strategies, TicketToAssign
from service.assignment.waiting import Waiting, next_waiting
from service.database import Database
from service.tickets.models import Priority, Ticket
from service.tickets.scoring import Weights
from service.tickets.services import TicketChange
from tests.service.assignment.shifts import ADMIN, GRACE, Shifts
from tests.service.persistence.rows import customer, ticket

NOBODYS_TAG = "for nobody"


class NobodyTakesIt(Rule):
    """A condition, and no preference: some tickets have no candidates."""

    name = "nobody_takes_it"

    def narrow(self, ticket: TicketToAssign, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return [] if NOBODYS_TAG in ticket.tags else candidates


CHOOSY = Strategies(["nobody_takes_it"], table={"nobody_takes_it": f"{__name__}:NobodyTakesIt"})


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def queued(desk: Shifts, count: int, **fields: object) -> list[str]:
    """While nobody is there."""
    ids = [desk.ticket(**fields) for _ in range(count)]
    for ticket_id in ids:
        desk.parts.service.auto_assign(ticket_id, by=ADMIN)
    return ids


def everybody(desk: Shifts, status: AgentStatus) -> None:
    for agent_id in desk.agents:
        desk.staff.set_status(agent_id, status, actor="test")


def who(desk: Shifts) -> dict[str, str | None]:
    return {ticket.id: ticket.assigned_to for ticket in desk.stored(Ticket)}


def test_what_waits_comes_in_the_order_of_the_inbox_to_whose_it_is(database: Database) -> None:
    desk, chance = Shifts(database, automatic=True), Random(1)
    for number in range(30):
        desk.ticket(
            priority=chance.choice(list(Priority)),
            team_id=chance.choice([None, desk.team_id]),
            initial_message=chance.choice([None, "Hello"]),
        )
        desk.clock.advance(chance.choice([1, 7_200]))
        if number % 7 == 0:
            desk.ticket(assigned_to="Night shift")
    weights, at = Weights(), desk.clock.now()
    for teams in ([], [desk.team_id]):
        wanted = [
            Waiting(ticket.id, ticket.inbox_rank + weights.waited(at) * ticket.waiting)
            for ticket in desk.stored(Ticket)
            if ticket.queued and ticket.team_id in {None, *teams}
        ]
        wanted.sort(key=lambda one: (one.place, one.ticket_id), reverse=True)
        with database.reading() as session:
            found, behind = [], None
            while some := next_waiting(session, weights, at, teams=teams, most=7, behind=behind):
                found += some
                behind = some[-1]
        assert found == wanted
        assert len(found) > 10


def test_a_ticket_that_nobody_may_take_keeps_nobody_behind_it_waiting(database: Database) -> None:
    desk = Shifts(database, capacities=(5, 5, 5), strategies=CHOOSY)
    everybody(desk, AgentStatus.OFFLINE)
    stuck = queued(desk, 8, priority=Priority.URGENT, tags=frozenset({NOBODYS_TAG}))
    (behind,) = queued(desk, 1, priority=Priority.LOW)
    everybody(desk, AgentStatus.ONLINE)
    short = HandingOut(database, desk.parts.service, Weights(), desk.clock, batch=2, most_batches=3)
    handed = [short.run()["assigned"] for _ in range(4)]
    assert sum(handed) == 1
    assert handed[0] == 0, "a run goes a bounded way"
    assert who(desk)[behind] is not None
    assert {who(desk)[each] for each in stuck} == {None}
    (late,) = queued(desk, 1, priority=Priority.LOW, team_id=desk.team_id)
    assert who(desk)[late] is None, "it comes in its turn"
    assert desk.parts.handing_out.run() == {"assigned": 1}
    assert who(desk)[late] is not None


def test_handing_one_out_costs_the_same_however_many_wait(database: Database) -> None:
    desk = Shifts(database, capacities=(1, 1))
    everybody(desk, AgentStatus.OFFLINE)
    ada, costs, of_team = customer(), [], {"team_id": desk.team_id, "owned_by": desk.team_id}
    for more in (30, 300):
        with database.writing() as session:
            session.add_all([ada, *(ticket(ada, queued=True, **of_team) for _ in range(more))])
        desk.staff.set_status(desk.agents[0], AgentStatus.ONLINE, actor="test")
        with statements(database) as seen:
            assert desk.parts.handing_out.run() == {"assigned": 1}
        costs.append(len(seen))
        desk.staff.set_status(desk.agents[0], AgentStatus.OFFLINE, actor="test")
        (given,) = (one.id for one in desk.stored(Ticket) if one.assigned_to and one.status == "open")
        desk.tickets.change(given, TicketChange(values={"status": "closed"}), actor="test")
    assert costs[0] == costs[1]


def test_what_somebody_takes_meanwhile_is_left_alone(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3))
    everybody(desk, AgentStatus.OFFLINE)
    taken, left = queued(desk, 2, team_id=desk.team_id)
    desk.parts.service.assign(taken, desk.agents[0], by=ADMIN)
    assert desk.parts.service.hand_out(taken, actor="service") is False
    desk.staff.set_status(desk.agents[0], AgentStatus.ONLINE, actor="test")
    assert desk.parts.handing_out.run() == {"assigned": 1}
    assert who(desk) == {taken: desk.agents[0], left: desk.agents[0]}


def test_nothing_is_taken_back_of_what_was_before_assignments(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3))
    ticket_id = desk.ticket(assigned_to=desk.agents[0])
    with database.writing() as session:
        session.execute(update(Assignment).values(assigned_at=None))
    desk.staff.set_status(desk.agents[0], AgentStatus.OFFLINE, actor="test")
    desk.clock.advance(timedelta(days=1).total_seconds())
    assert desk.parts.taking_back.run() == {"returned": 0, "of_inactive": 0}
    assert who(desk)[ticket_id] == desk.agents[0]


def test_what_a_rule_gave_to_one_who_went_in_that_moment_is_taken_back(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3))
    by_rule, by_hand = desk.ticket(team_id=desk.team_id), desk.ticket(team_id=desk.team_id)
    gone = desk.clock.now()
    desk.clock.advance(1)
    desk.parts.service.auto_assign(by_rule, by=ADMIN)
    desk.parts.service.assign(by_hand, desk.agents[0], by=ADMIN)
    with database.writing() as session:  # seen by none of both, for it was committed after them
        session.execute(update(Agent).values(status=AgentStatus.OFFLINE, status_since=gone))
    desk.clock.advance(GRACE.total_seconds() - 2)
    assert desk.parts.taking_back.run()["returned"] == 0
    desk.clock.advance(10)
    assert desk.parts.taking_back.run()["returned"] == 1
    assert who(desk) == {by_rule: None, by_hand: desk.agents[0]}

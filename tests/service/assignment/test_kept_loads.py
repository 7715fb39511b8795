"""Whatever happens to tickets and agents, what is kept is what a count of the tickets gives."""

from collections import Counter
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from service.agents.models import Agent
from service.assignment.models import AgentLoad, Assignment
from service.database import Database
from service.tickets.handing import AssignmentEnding
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from tests.service.assignment.shifts import Histories, Shifts

HISTORIES = 2
STEPS = 45


def check(desk: Shifts) -> None:
    tickets, assignments = desk.stored(Ticket), desk.stored(Assignment)
    agents = {agent.id for agent in desk.stored(Agent)}
    counted = {
        ticket.id: ticket.assigned_to
        for ticket in tickets
        if ticket.assigned_to in agents and ticket.status in UNSETTLED and ticket.deleted_at is None
    }
    loads = Counter({load.agent_id: load.tickets for load in desk.stored(AgentLoad)})
    assert +loads == Counter(counted.values())
    present = {one.ticket_id: one.agent_id for one in assignments if one.ended_at is None}
    assert present == counted
    for one in assignments:
        assert (one.ended_at is None) == (one.ending is None)
        assert (one.completed_at is not None) == (one.ending is AssignmentEnding.COMPLETED)
    for ticket in tickets:
        nobodys = ticket.assigned_to is None and ticket.status in UNSETTLED and ticket.deleted_at is None
        assert nobodys or not ticket.queued
        assert ticket.queued or ticket.queued_as is None


def test_after_any_history_loads_and_assignments_are_those_of_a_count(database: Database, full: bool) -> None:
    @settings(max_examples=HISTORIES * (20 if full else 1), suppress_health_check=[HealthCheck.too_slow])
    @given(seed=st.integers(0, 2**32), automatic=st.booleans())
    def try_one(seed: int, automatic: bool) -> None:  # what hypothesis gives
        with database.writing() as session:
            for kind in (Assignment, AgentLoad, Ticket):
                session.execute(delete(kind))
        desk = Shifts(database, automatic=automatic)
        history = Histories(desk, Random(seed))
        for _ in range(STEPS):
            history.step()
        check(desk)

    try_one()

"""At a desk from before, agents have what was theirs already, and it counts."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from service import migrating
from service.assignment.models import AgentLoad, Assignment
from service.database import Database, upgrade
from tests.service.persistence.rows import NOON, agent, customer, event, ticket

BEFORE = "0011"
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def database(empty_database: Database) -> Database:
    upgrade(empty_database.engine)
    return empty_database


def test_open_tickets_of_agents_are_assigned_and_counted(database: Database) -> None:
    ada, kim, lee = customer(), agent(), agent()
    told, untold, pending = (
        ticket(ada, assigned_to=kim.id),
        ticket(ada, assigned_to=kim.id),
        ticket(ada, assigned_to=lee.id, status="pending"),
    )
    others = [
        ticket(ada, assigned_to=kim.id, status="resolved"),
        ticket(ada, assigned_to=kim.id, deleted_at=NOON),
        ticket(ada, assigned_to="Night shift"),
        ticket(ada, assigned_to=f"agent_{'nobody':_<22}"),
        ticket(ada),
    ]
    with database.writing() as session:
        session.add_all([ada, kim, lee])
        session.flush()
        session.add_all([told, untold, pending, *others])
        for after, at in (
            ({"assigned_to": lee.id}, NOON),
            ({"assigned_to": kim.id}, LATER),
            ({"status": "open"}, LATER),
        ):
            session.add(
                event(type="ticket.updated", ticket_id=told.id, subject_id=told.id, after=after, at=at)
            )

    migrating.downgrade(database.engine, BEFORE)
    upgrade(database.engine)

    with database.reading() as session:
        present = {one.ticket_id: one for one in session.scalars(select(Assignment))}
        loads = {load.agent_id: load for load in session.scalars(select(AgentLoad))}
    assert {each: one.agent_id for each, one in present.items()} == {
        told.id: kim.id,
        untold.id: kim.id,
        pending.id: lee.id,
    }
    assert [present[each.id].assigned_at for each in (told, untold, pending)] == [LATER, None, None]
    assert {one.assigned_by for one in present.values()} == {None}
    assert {agent_id: load.tickets for agent_id, load in loads.items()} == {kim.id: 2, lee.id: 1}
    assert loads[kim.id].last_assigned_at == LATER

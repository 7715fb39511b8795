"""What an assignment asks of the database: nothing that is known already, and nothing twice."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Select, text

from service.agents.services import AgentChange
from service.assignment import waiting
from service.database import Database
from service.errors import InvalidField
from service.tickets.services import TicketChange
from tests.service.assignment.shifts import ADMIN, EDITOR, Shifts
from tests.service.assignment.test_handing_out import statements
from tests.service.persistence.rows import customer, ticket

ONCE = ("UPDATE tickets", "INSERT INTO agent_loads", "INSERT INTO assignments", "SELECT agents.id")
NEVER = ("SELECT teams.id", "UPDATE assignments")
"""The team is as it was, and there is no assignment that could end."""


def times(part: str, seen: Sequence[str]) -> int:
    """In how many statements it is; what SELECTs another makes use of does not count."""
    return sum(part in one and (part[0] != "S" or one.startswith(part)) for one in seen)


@pytest.mark.parametrize("by_rule", [True, False])
def test_nothing_is_asked_or_written_twice(database: Database, by_rule: bool) -> None:
    desk = Shifts(database, capacities=(3, 3))
    ticket_id = desk.ticket(team_id=desk.team_id)
    with statements(database) as seen:
        if by_rule:
            desk.parts.service.auto_assign(ticket_id, by=ADMIN)
        else:
            desk.parts.service.assign(ticket_id, desk.agents[0], by=ADMIN)
    assert {part: times(part, seen) for part in ONCE} == dict.fromkeys(ONCE, 1)
    assert {part: times(part, seen) for part in NEVER} == dict.fromkeys(NEVER, 0)
    own = [one for one in seen if not one.startswith("BEGIN")]
    assert len(own) == 9 + by_rule + (database.engine.dialect.name == "sqlite")
    assert times(" IS NOT NULL OR ", seen) == by_rule, "whether one waits that comes before it"


def test_a_change_of_who_has_a_ticket_writes_it_once(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3))
    ticket_id = desk.ticket()
    with statements(database) as seen:
        change = TicketChange(values={"assigned_to": desk.agents[0], "team_id": desk.team_id})
        desk.tickets.change(ticket_id, change, actor="test")
    assert (times("UPDATE tickets", seen), times("SELECT teams.id", seen)) == (1, 1)


@pytest.mark.parametrize("statement", [waiting.first_of_all(), waiting.before()], ids=["at all", "before it"])
def test_whether_anything_waits_is_read_from_the_index_of_what_waits(
    database: Database, statement: Select[Any]
) -> None:
    """Where most tickets wait, behind those that do not, the table would else be read up to the first."""
    ada = customer()
    with database.writing() as session:
        session.add_all([ada, *(ticket(ada, queued=False) for _ in range(500))])
        session.flush()
        session.add_all(ticket(ada, queued=True) for _ in range(1_000))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
        asked = statement.params(agent="agent_1", ticket="ticket_1", waiting=2.5, others=3.5)
        query = asked.compile(database.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(str(row) for row in connection.execute(text(f"{explain} {query}")))
    assert "ix_tickets_queued" in plan
    assert "Seq Scan on tickets" not in plan
    assert "TEMP B-TREE" not in plan


def test_who_has_a_ticket_already_gets_it_into_no_team_of_others(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3, 3))
    inside, stranger = desk.agents[0], desk.agents[-1]
    ticket_id = desk.ticket()
    for agent_id in (stranger, inside):
        desk.parts.service.assign(ticket_id, agent_id, by=ADMIN)
        to = {"agent_id": agent_id, "team_id": desk.team_id, "escalation": False}
        if agent_id == stranger:
            with pytest.raises(InvalidField, match="not in the ticket's team"):
                desk.parts.service.transfer(ticket_id, by=ADMIN, **to)
        else:
            assert desk.parts.service.transfer(ticket_id, by=ADMIN, **to).ticket.team_id == desk.team_id


def test_who_lost_capacity_keeps_what_they_have_and_gets_no_more(database: Database) -> None:
    desk = Shifts(database, capacities=(2, 1))
    first, second, third = (desk.ticket(team_id=desk.team_id) for _ in range(3))
    for ticket_id in (first, second):
        assert desk.parts.service.auto_assign(ticket_id, by=ADMIN).assignment
    desk.staff.change(desk.agents[0], AgentChange(values={"capacity": 1}), by=EDITOR)
    assert desk.parts.service.auto_assign(third, by=ADMIN).ticket.queued
    desk.tickets.change(first, TicketChange(values={"status": "closed"}), actor="test")
    assert desk.parts.handing_out.run() == {"assigned": 0}
    desk.tickets.change(second, TicketChange(values={"status": "closed"}), actor="test")
    assert desk.parts.handing_out.run() == {"assigned": 1}

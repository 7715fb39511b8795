"""Whose a ticket is: what the gate is told, and what lists go by."""

import pytest

from service.database import Database
from service.errors import Conflict, InvalidField
from service.events import TEAM_DELETED, Event, EventLog
from service.permissions import Owners
from service.tickets.models import NOBODYS, Ticket
from service.tickets.ownership import TicketOwnership, lost_teams, settle_owner
from tests.service.persistence.rows import NOON, agent, customer, message, team, team_member, ticket

LOOKS_LIKE_AN_AGENT = f"agent_{'nobody':_<22}"


@pytest.fixture
def staffed(database):
    """Kim is in two teams, Lee in none."""
    kim, lee, returns, sales, ada = agent(), agent(), team(), team(), customer()
    with database.writing() as session:
        session.add_all([kim, lee, returns, sales, ada])
        session.flush()
        session.add_all([team_member(returns, kim), team_member(sales, kim)])
    return database, kim.id, lee.id, returns.id, sales.id, ada


def written(database: Database, owner, **fields) -> Ticket:
    wanted = ticket(owner, **fields)
    with database.writing() as session:
        settle_owner(session, wanted)
        session.add(wanted)
        session.flush()
        session.add(message(wanted, id=f"m_{wanted.id}"))
    return wanted


def test_the_gate_is_told_team_and_assignee_in_one_statement(staffed):
    database, kim, lee, returns, sales, ada = staffed
    ownership = TicketOwnership(database)
    both = frozenset({returns, sales})
    for fields, owners, owned_by in (
        ({}, Owners(), NOBODYS),
        ({"assigned_to": "Somebody"}, Owners(), NOBODYS),
        ({"assigned_to": LOOKS_LIKE_AN_AGENT}, Owners(), NOBODYS),
        ({"assigned_to": lee}, Owners(assignee_id=lee), lee),
        ({"assigned_to": kim}, Owners(assignee_id=kim, assignee_team_ids=both), kim),
        ({"team_id": sales}, Owners(team_id=sales), sales),
        (
            {"team_id": sales, "assigned_to": kim},
            Owners(team_id=sales, assignee_id=kim, assignee_team_ids=both),
            sales,
        ),
        ({"team_id": sales, "deleted_at": NOON}, Owners(team_id=sales), sales),
    ):
        made = written(database, ada, **fields)
        assert made.owned_by == owned_by, fields
        assert ownership.of_ticket(made.id) == owners, fields
        assert ownership.of_message(f"m_{made.id}") == owners, fields
    assert ownership.of_ticket("ticket_none") is None
    assert ownership.of_message("message_none") is None


def test_a_team_that_is_not_there_owns_nothing(staffed):
    database, _, _, returns, _, ada = staffed
    with database.writing() as session, pytest.raises(InvalidField) as refused:
        settle_owner(session, ticket(ada, team_id="team_none"))
    assert refused.value.field == "team_id"
    with database.writing() as session:
        assert lost_teams(session, [None, returns, "team_none"]) == {"team_none"}
        assert lost_teams(session, [None]) == frozenset()


def test_a_team_with_tickets_is_not_deleted(staffed):
    database, _, _, returns, sales, ada = staffed
    events = EventLog()
    TicketOwnership(database).subscribe_to(events)
    written(database, ada, team_id=returns, deleted_at=NOON)

    def delete(team_id):
        told = Event(type=TEAM_DELETED, subject_type="team", subject_id=team_id, actor="a", at=NOON)
        with database.writing() as session:
            events.record(session, told)

    delete(sales)
    with pytest.raises(Conflict):
        delete(returns)

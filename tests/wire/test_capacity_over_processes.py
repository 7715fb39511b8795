"""Two processes of the real service and a crowd: no agent ever has more tickets than they may have."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from service.agents.models import Agent
from service.assignment.models import AgentLoad, Assignment
from service.database import Database
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from tests.real_server import RealServer
from tests.service.persistence.rows import agent, customer, team, team_member, ticket
from tests.wire.load import seconds_until

CROWD = 200
CAPACITIES = (1, 2, 3, 5, 8, 13, 21, 7)
PATIENCE_S = 30
TOO_MANY = "more requests than"
"""It can answer in time; said before anything is done."""

Ask = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True)
class Floor:
    database: Database
    server: RealServer
    agents: Sequence[str]
    team_id: str
    tickets: Sequence[str]

    def crowd(self, asks: Sequence[Ask]) -> list[requests.Response]:
        """All at once, each on a connection of its own; who waited for too long asks again."""

        def ask(one: Ask) -> requests.Response:
            method, path, body = one
            with self.server.session() as session:
                while True:
                    answer = session.request(method, self.server.url + path, json=body, timeout=PATIENCE_S)
                    if answer.status_code != 503 or not self._may_wait(answer.json()["detail"]):
                        return answer

        with ThreadPoolExecutor(len(asks)) as threads:
            return list(threads.map(ask, asks))

    def _may_wait(self, detail: str) -> bool:
        """SQLite has one writer at a time over all processes, and a crowd may wait for it too long."""
        return TOO_MANY in detail or self.database.engine.dialect.name == "sqlite"

    def kept(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.sum(AgentLoad.tickets))) or 0

    def loads(self) -> dict[str, int]:
        """Held against the tickets, and against the assignments, all as of one moment: work goes on."""
        kept = select(AgentLoad.agent_id, AgentLoad.tickets)
        present = select(Assignment.agent_id).where(Assignment.ended_at.is_(None))
        mine = select(Ticket.assigned_to).where(Ticket.assigned_to.is_not(None))
        counted = mine.where(Ticket.status.in_(UNSETTLED), Ticket.deleted_at.is_(None))
        engine = self.database.engine
        if engine.dialect.name == "postgresql":  # on SQLite a transaction is of one moment anyway
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.connect() as connection:
            loads = dict(connection.execute(kept).tuples().all())
            assert Counter(connection.scalars(present)) == +Counter(loads)
            assert Counter(connection.scalars(counted)) == +Counter(loads)
        return loads


@pytest.fixture
def floor(migrated_url: str, open_database: Callable[[str], Database], engine_name: str) -> Iterator[Floor]:
    database = open_database(migrated_url)
    kim, returns = customer(), team()
    agents = [agent(capacity=capacity, status="online") for capacity in CAPACITIES]
    tickets = [ticket(kim) for _ in range(CROWD)]
    with database.writing() as session:
        session.add_all([kim, returns, *agents])
        session.flush()
        session.add_all([*tickets, *(team_member(returns, each) for each in agents[:4])])
    ids = [each.id for each in tickets]
    server = RealServer(migrated_url, processes=2, THREADS="8")
    server.start()
    try:
        yield Floor(database, server, [each.id for each in agents], returns.id, ids)
    finally:
        server.kill()


def test_capacity_holds_under_a_crowd_of_automatic_assignments_and_whatever_follows(
    floor: Floor, full: bool
) -> None:
    asks = [("POST", f"/api/tickets/{each}/auto-assign", {}) for each in floor.tickets]
    answers = floor.crowd(asks)
    assert {answer.text for answer in answers if answer.status_code != 200} == set()
    given = [answer.json()["assignment"] for answer in answers if answer.json()["assignment"]]
    assert len(given) == sum(CAPACITIES)
    assert all(one["why"] and not one["over_capacity"] for one in given)
    assert floor.loads() == dict(zip(floor.agents, CAPACITIES, strict=True))

    freed = [answer.json()["ticket"]["id"] for answer in answers if answer.json()["assignment"]][:20]
    floor.crowd([("PATCH", f"/api/tickets/{each}", {"status": "resolved"}) for each in freed])
    seconds_until(lambda: floor.kept() == sum(CAPACITIES), at_most_s=10)

    for seed in range(10 if full else 1):
        chance = Random(seed)
        answers = floor.crowd([_any(floor, chance) for _ in range(CROWD)])
        assert {answer.text for answer in answers if answer.status_code >= 500} == set()
    with floor.database.reading() as session:
        over = select(Assignment).where(Assignment.ended_at.is_(None), Assignment.over_capacity)
        opened_again = Counter(one.agent_id for one in session.scalars(over))
        capacities = dict(session.execute(select(Agent.id, Agent.capacity)).tuples().all())
    for agent_id, load in floor.loads().items():
        assert load - opened_again[agent_id] <= capacities[agent_id]


def _any(floor: Floor, chance: Random) -> Ask:
    """On few tickets, so that they come in each other's way."""
    path = f"/api/tickets/{chance.choice(floor.tickets[:40])}"
    agent_id, team_id = chance.choice(floor.agents[:4]), floor.team_id
    return chance.choice(
        [
            ("PATCH", path, {"status": "resolved"}),
            ("PATCH", path, {"status": "open"}),
            ("PATCH", path, {"assigned_to": agent_id}),
            ("PATCH", path, {"assigned_to": None, "status": "pending"}),
            ("POST", f"{path}/messages", {"content": "Again.", "from_agent": False}),
            ("POST", f"{path}/messages", {"content": "Bye.", "close_ticket": True}),
            ("POST", f"{path}/assign", {"agent_id": agent_id}),
            ("POST", f"{path}/transfer", {"agent_id": agent_id}),
            ("POST", f"{path}/transfer", {"team_id": team_id}),
            ("POST", f"{path}/auto-assign", {}),
            ("POST", f"{path}/unassign", {}),
            ("DELETE", path, {}),
            ("POST", f"{path}/restore", {}),
        ]
    )

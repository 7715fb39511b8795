"""A desk without a server, and what may happen to its tickets and agents, step by step."""

from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.agents.models import Agent, AgentStatus
from service.agents.services import (
    AgentChange,
    AgentDirectory,
    AgentService,
    Editor,
    NewAgent,
    NewTeam,
    TeamService,
)
from service.assignment.assigner import Assigner
from service.assignment.parts import AssignmentParts
from service.assignment.strategies import Strategies
from service.customers.services import CustomerService
from service.database import Database
from service.errors import DeskError
from service.events import EventLog
from service.identifiers import new_ref
from service.privacy.services import Erasure
from service.text_index import TextIndex
from service.tickets.models import Ticket, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.services import (
    ConversationService,
    NewMessage,
    NewTicket,
    NothingKnown,
    PastTicketService,
    Ranking,
    TicketChange,
    TicketRecords,
    TicketService,
)
from service.tickets.services.past import PastTicket

GRACE = timedelta(minutes=5)
EDITOR = Editor(actor="test")
ADMIN = Assigner(actor="test", beyond=True)


class Shifts:
    """`strategies`: of the desk. Agents are in one team, but the last, who is in none."""

    def __init__(
        self,
        database: Database,
        *,
        capacities: tuple[int, ...] = (1, 2, 3),
        strategies: Strategies | None = None,
        automatic: bool = False,
    ) -> None:
        self.database, self.clock, self.events = database, FakeClock(), EventLog()
        index, weights = TextIndex(database.engine.dialect.name), Weights()
        ranking = Ranking(database, weights, NothingKnown(), self.clock)
        self.customers = CustomerService(database, self.events, self.clock, index)
        records = TicketRecords(self.events, ranking, self.clock, Random(1), queues_new=automatic)
        self.conversations = ConversationService(database, records, index)
        self.tickets = TicketService(database, self.customers, records, index)
        self.past = PastTicketService(self.customers, self.conversations, records, self.events, index)
        directory = AgentDirectory(database, self.clock)
        self.staff = AgentService(database, self.events, directory, self.clock)
        self.teams = TeamService(database, self.events, directory, self.clock)
        self.parts = AssignmentParts.over(
            database,
            self.events,
            self.clock,
            records=records,
            weights=weights,
            strategies=strategies or Strategies(),
            grace=GRACE,
        )
        self.erasure = Erasure(
            database,
            self.clock,
            customers=self.customers,
            records=records,
            events=self.events,
            index=index,
            forget=lambda _: None,
        )
        self.agents = [self._agent(capacity) for capacity in capacities]
        self.team_id = self.teams.create(NewTeam(name=new_ref()), by=EDITOR).team.id
        for agent_id in self.agents[:-1]:
            self.teams.add_member(self.team_id, agent_id, by=EDITOR)

    def _agent(self, capacity: int) -> str:
        new = NewAgent(email=f"{new_ref()}@desk.example", name="Kim", capacity=capacity)
        agent: Agent = self.staff.create(new, by=EDITOR).agent
        self.staff.set_status(agent.id, AgentStatus.ONLINE, actor="test")
        return agent.id

    def ticket(self, customer_id: str = "ada", **fields: Any) -> str:
        new = NewTicket(customer_id=customer_id, subject="Where is it?", **fields)
        return self.tickets.create(new, actor="test").ticket.id

    def stored(self, kind: type[Any]) -> list[Any]:
        with self.database.reading() as session:
            return list(session.scalars(select(kind).order_by(*kind.__table__.primary_key)))


class Histories:
    """What happens at a desk, at random."""

    def __init__(self, desk: Shifts, chance: Random) -> None:
        self.desk = desk
        self.chance = chance

    def step(self) -> None:
        self.desk.clock.advance(self.chance.choice([1, 60, 400]))
        often = (self.create, self.assign, self.auto, self.patch, self.say, self.say)
        rarely = (
            self.bring,
            self.transfer,
            self.unassign,
            self.accept,
            self.delete,
            self.restore,
            self.erase,
        )
        staff = (
            self.come_and_go,
            self.deactivate,
            self.reactivate,
            self.resize,
            self.hand_out,
            self.take_back,
        )
        try:
            self.chance.choice((*often, *often, *rarely, *staff))()
        except DeskError:
            return  # refused, as it should be

    def create(self) -> None:
        self.desk.ticket(
            self.chance.choice(["ada", "grace", "joan"]),
            status=self.chance.choice(list(TicketStatus)),
            assigned_to=self._assignee(),
            team_id=self._team(),
        )

    def bring(self) -> None:
        new = [
            PastTicket(
                new=NewTicket(
                    customer_id="ada",
                    subject="From before",
                    external_id=new_ref(),
                    assigned_to=self._assignee(),
                    status=self.chance.choice(list(TicketStatus)),
                )
            )
            for _ in range(3)
        ]
        with self.desk.database.writing() as session:
            self.desk.past.bring(session, new, actor="test")

    def assign(self) -> None:
        over = self.chance.random() < 0.2
        agent_id = self.chance.choice(self.desk.agents)
        self.desk.parts.service.assign(self._ticket(), agent_id, by=ADMIN, over_capacity=over)

    def auto(self) -> None:
        self.desk.parts.service.auto_assign(self._ticket(), by=ADMIN)

    def transfer(self) -> None:
        agent_id = self.chance.choice([None, *self.desk.agents])
        team_id = self._team()
        if agent_id or team_id:
            self.desk.parts.service.transfer(
                self._ticket(), agent_id=agent_id, team_id=team_id, escalation=False, by=ADMIN
            )

    def unassign(self) -> None:
        self.desk.parts.service.unassign(self._ticket(), by=ADMIN)

    def accept(self) -> None:
        agent_id = self.chance.choice(self.desk.agents)
        self.desk.parts.service.accept(
            self._ticket(), by=Assigner(actor=f"agent:{agent_id}", agent_id=agent_id)
        )

    def patch(self) -> None:
        values: dict[str, Any] = {}
        if self.chance.random() < 0.6:
            values["status"] = self.chance.choice(list(TicketStatus))
        if self.chance.random() < 0.6:
            values["assigned_to"] = self._assignee()
        if self.chance.random() < 0.2:
            values["team_id"] = self._team()
        self.desk.tickets.change(self._ticket(), TicketChange(values=values), actor=self._actor())

    def say(self) -> None:
        said = NewMessage(
            content="Hello",
            from_agent=self.chance.random() < 0.5,
            close_ticket=self.chance.random() < 0.3,
        )
        self.desk.conversations.add(self._ticket(), said, actor=self._actor())

    def delete(self) -> None:
        self.desk.tickets.delete(self._ticket(), actor="test")

    def restore(self) -> None:
        self.desk.tickets.restore(self._ticket(), actor="test")

    def erase(self) -> None:
        self.desk.erasure.erase(self.chance.choice(["grace", "joan"]), actor="test")

    def come_and_go(self) -> None:
        agent_id = self.chance.choice(self.desk.agents)
        self.desk.staff.set_status(agent_id, self.chance.choice(list(AgentStatus)), actor="test")

    def deactivate(self) -> None:
        self.desk.staff.deactivate(self.chance.choice(self.desk.agents), by=EDITOR)

    def reactivate(self) -> None:
        for agent_id in self.desk.agents:
            self.desk.staff.reactivate(agent_id, by=EDITOR)
            self.desk.staff.set_status(agent_id, AgentStatus.ONLINE, actor="test")

    def resize(self) -> None:
        change = AgentChange(values={"capacity": self.chance.randint(1, 4)})
        self.desk.staff.change(self.chance.choice(self.desk.agents), change, by=EDITOR)

    def hand_out(self) -> None:
        self.desk.parts.handing_out.run()

    def take_back(self) -> None:
        self.desk.parts.taking_back.run()

    def _ticket(self) -> str:
        ids = [ticket.id for ticket in self.desk.stored(Ticket)]
        return self.chance.choice(ids) if ids else "none"

    def _assignee(self) -> str | None:
        return self.chance.choice([None, "Night shift", f"agent_{'nobody':_<22}", *self.desk.agents])

    def _team(self) -> str | None:
        return self.chance.choice([None, None, self.desk.team_id])

    def _actor(self) -> str:
        return self.chance.choice(["test", *(f"agent:{agent_id}" for agent_id in self.desk.agents)])

"""Who works at the desk: listed, made, changed, and let go without being forgotten."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.agents import queries
from service.agents.directory import AgentDirectory
from service.agents.editing import Editor
from service.agents.models import Agent, AgentStatus
from service.agents.queries import AgentFilter
from service.database import Database, after_commit
from service.errors import Conflict, Forbidden, NotFound, Stale
from service.events import (
    AGENT_CREATED,
    AGENT_DEACTIVATED,
    AGENT_REACTIVATED,
    AGENT_STATUS_CHANGED,
    AGENT_UPDATED,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.permissions import Role

DEFAULT_CAPACITY = 10
PERSONAL = ("email", "name")
PLAIN = ("role", "status", "department", "languages", "specialisations", "capacity", "active")

Versions = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAgent:
    """`email` in lower case."""

    email: str
    name: str
    role: Role = Role.AGENT
    department: str | None = None
    languages: tuple[str, ...] = ()
    specialisations: tuple[str, ...] = ()
    capacity: int = DEFAULT_CAPACITY


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChange:
    """`values`: each of the fields of `NewAgent` that is to be another."""

    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToldAgent:
    """With `id` and `name` of each team."""

    agent: Agent
    teams: Sequence[Row[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class _State:
    """Of an agent, what an event tells plainly and what it tells of the person."""

    plain: Mapping[str, Any]
    personal: Mapping[str, Any]

    @classmethod
    def of(cls, agent: Agent) -> "_State":
        return cls(
            {name: getattr(agent, name) for name in PLAIN}, {name: getattr(agent, name) for name in PERSONAL}
        )


class AgentService:
    def __init__(self, database: Database, events: EventLog, directory: AgentDirectory, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._directory = directory
        self._clock = clock

    def listing(self, wanted: AgentFilter, page: Page) -> Listing[ToldAgent]:
        """In the order in which they came."""
        with self._database.reading() as session:
            rows = queries.agents_page(session, wanted, page)
            total, estimated = queries.count_agents(session, wanted)
            teams = queries.teams_of(session, [agent.id for agent in rows])
        return paginate(
            [ToldAgent(agent, teams[agent.id]) for agent in rows],
            page,
            total=total,
            estimated=estimated,
            place=lambda told: Cursor(told.agent.created_at, told.agent.id),
        )

    def read(self, agent_id: str) -> ToldAgent:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            agent = session.get(Agent, agent_id)
            if agent is None:
                raise NotFound("agent", agent_id)
            return _told(session, agent)

    def find(self, agent_id: str) -> Agent | None:
        with self._database.reading() as session:
            return session.get(Agent, agent_id)

    def with_email(self, email: str) -> Agent | None:
        """Without regard to case."""
        with self._database.reading() as session:
            return queries.agent_with(session, email.lower())

    def create(self, new: NewAgent, *, by: Editor) -> ToldAgent:
        """Without a password: nobody can sign in as them yet. Raises `Forbidden` and `Conflict`."""
        by.check_may_give(new.role)
        now = self._clock.now()
        agent = Agent(
            id=new_id("agent"),
            email=new.email,
            name=new.name,
            folded_name=new.name.casefold(),
            role=new.role,
            status=AgentStatus.OFFLINE,
            department=new.department,
            languages=list(new.languages),
            specialisations=list(new.specialisations),
            capacity=new.capacity,
            active=True,
            version=1,
            created_at=now,
            updated_at=now,
        )
        with _unique_email(), self._database.writing() as session:
            session.add(agent)
            session.flush()
            state = _State.of(agent)
            self._record(
                session,
                agent,
                AGENT_CREATED,
                by.actor,
                {"after": state.plain, "personal": {"after": state.personal}},
            )
        return ToldAgent(agent, [])

    def change(
        self, agent_id: str, change: AgentChange, *, by: Editor, expected: Versions | None = None
    ) -> ToldAgent:
        """Raises `NotFound`, `Stale`, `Forbidden`, and `Conflict` for an address that is taken."""
        with _unique_email(), self._database.writing() as session:
            admins = queries.hold_active(session, Role.ADMIN) if "role" in change.values else set()
            agent = _held(session, agent_id, expected)
            by.check_may_edit(agent)
            role = change.values.get("role", agent.role)
            if role is not agent.role:
                _check_new_role(agent, role, by, admins)
            before = _State.of(agent)
            for name, value in change.values.items():
                setattr(agent, name, value)
            agent.folded_name = agent.name.casefold()
            self._changed(session, agent, AGENT_UPDATED, by.actor, before)
            return _told(session, agent)

    def set_status(self, agent_id: str, status: AgentStatus, *, actor: str) -> ToldAgent:
        """Raises `NotFound`."""
        with self._database.writing() as session:
            agent = _held(session, agent_id)
            before = _State.of(agent)
            _move(agent, status, self._clock.now())
            self._changed(session, agent, AGENT_STATUS_CHANGED, actor, before)
            return _told(session, agent)

    def deactivate(self, agent_id: str, *, by: Editor, expected: Versions | None = None) -> None:
        """One who is not active stays so. Raises `NotFound`, `Stale`, `Forbidden` and `Conflict`."""
        with self._database.writing() as session:
            admins = queries.hold_active(session, Role.ADMIN)
            agent = _held(session, agent_id, expected)
            by.check_may_edit(agent)
            _check_another_admin(agent, admins)
            before = _State.of(agent)
            agent.active = False
            _move(agent, AgentStatus.OFFLINE, self._clock.now())
            self._changed(session, agent, AGENT_DEACTIVATED, by.actor, before)

    def reactivate(self, agent_id: str, *, by: Editor) -> ToldAgent:
        """One who is active stays so. Raises `NotFound` and `Forbidden`."""
        with self._database.writing() as session:
            agent = _held(session, agent_id)
            by.check_may_edit(agent)
            before = _State.of(agent)
            agent.active = True
            self._changed(session, agent, AGENT_REACTIVATED, by.actor, before)
            return _told(session, agent)

    def _changed(self, session: Session, agent: Agent, kind: EventType, actor: str, before: _State) -> None:
        """What changes nothing is no version and no event."""
        after = _State.of(agent)
        plain, personal = differing(before.plain, after.plain), differing(before.personal, after.personal)
        if plain or personal:
            agent.version += 1
            agent.updated_at = self._clock.now()
            self._record(session, agent, kind, actor, plain | ({"personal": personal} if personal else {}))

    def _record(
        self, session: Session, agent: Agent, kind: EventType, actor: str, told: Mapping[str, Any]
    ) -> None:
        about = Event(
            type=kind, subject_type="agent", subject_id=agent.id, actor=actor, at=agent.updated_at, **told
        )
        self._events.record(session, about)
        after_commit(session, self._directory.forget)


def _held(session: Session, agent_id: str, expected: Versions | None = None) -> Agent:
    agent = queries.held_agent(session, agent_id)
    if agent is None:
        raise NotFound("agent", agent_id)
    if expected is not None and agent.version not in expected:
        raise Stale(f"The agent is at version {agent.version} by now; read it again, then repeat.")
    return agent


def _move(agent: Agent, status: AgentStatus, at: datetime) -> None:
    if agent.status is not status:
        agent.status, agent.status_since = status, at


def _check_new_role(agent: Agent, role: Role, by: Editor, admins: set[str]) -> None:
    if agent.id == by.agent_id:
        raise Forbidden("Nobody changes their own role; ask somebody who is above you.")
    by.check_may_give(role)
    _check_another_admin(agent, admins)


def _check_another_admin(agent: Agent, admins: set[str]) -> None:
    """Raises `Conflict` where nobody would be left who may do everything. `admins`: the active ones, held."""
    if admins == {agent.id}:
        raise Conflict("This is the last active admin; make another one first.")


def _told(session: Session, agent: Agent) -> ToldAgent:
    return ToldAgent(agent, queries.teams_of(session, [agent.id])[agent.id])


@contextmanager
def _unique_email() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        taken = "email: another agent has this address; change that one, or choose another."
        raise Conflict(taken) from error

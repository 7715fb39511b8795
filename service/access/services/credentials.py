"""How agents come to a password: by an invitation, or by one that they have."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.access import queries
from service.access.passwords import Passwords, check_password
from service.access.secrets import digest, new_token
from service.access.services.sessions import Sessions, SignedIn
from service.access.services.sign_in import SignIn
from service.agents.models import Agent
from service.agents.services import AgentService, Editor
from service.database import Database
from service.errors import Conflict, Forbidden, InvalidField, NotFound, Unauthenticated
from service.events import AGENT_INVITED, INVITATION_ACCEPTED, PASSWORD_CHANGED, Event, EventLog, EventType

GOOD_FOR = timedelta(hours=72)
OVER = "The invitation is not known, or is over; ask for another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """`token` is shown here and kept nowhere."""

    agent_id: str
    token: str = field(repr=False)
    expires_at: datetime


class Credentials:
    def __init__(
        self,
        database: Database,
        events: EventLog,
        *,
        agents: AgentService,
        passwords: Passwords,
        sessions: Sessions,
        sign_in: SignIn,
        clock: Clock,
    ) -> None:
        self._database = database
        self._events = events
        self._agents = agents
        self._passwords = passwords
        self._sessions = sessions
        self._sign_in = sign_in
        self._clock = clock

    def count(self) -> int:
        """Agents who have a password."""
        with self._database.reading() as session:
            return queries.passwords(session)

    def invite(self, agent_id: str, *, editor: Editor) -> Invited:
        """Whoever has the token becomes this agent. Raises `NotFound`, `Forbidden`, `Conflict`."""
        agent = self._agents.find(agent_id)
        if agent is None:
            raise NotFound("agent", agent_id)
        if not editor.is_above(agent.role):
            raise Forbidden(f"The role {agent.role.value} is not below yours; ask somebody who is above it.")
        if not agent.active:
            raise Conflict("The agent is deactivated, and cannot sign in.")
        token, now = new_token("invitation"), self._clock.now()
        made = Invited(agent_id=agent_id, token=token, expires_at=now + GOOD_FOR)
        with self._database.writing() as session:
            queries.keep_invitation(
                session,
                agent_id,
                sha256=digest(token),
                created_by=editor.actor,
                created_at=now,
                expires_at=made.expires_at,
            )
            self._record(session, AGENT_INVITED, agent_id, actor=editor.actor, at=now)
        return made

    def accept(self, token: str, password: str) -> SignedIn:
        """Raises `Unauthenticated`, `InvalidField`, `Busy`."""
        sha256 = digest(token)
        with self._database.reading() as session:
            agent_id = queries.invited(session, sha256, self._clock.now())
        agent = self._agents.find(agent_id) if agent_id is not None else None
        if agent is None or not agent.active:
            raise Unauthenticated(OVER)
        hashed = self._hashed(password, agent, field="password")
        with self._database.writing() as session:
            if not queries.take_invitation(session, sha256):
                raise Unauthenticated(OVER)
            self._keep(session, agent, hashed, INVITATION_ACCEPTED, actor=f"agent:{agent.id}")
            return self._sessions.start(session, agent)

    def change(self, agent_id: str, current: str, new: str, *, address: str) -> SignedIn:
        """Every session of the agent ends, and one begins. Raises `InvalidField`, `Throttled`, `Busy`."""
        agent = self._agents.find(agent_id)
        if agent is None:
            raise Unauthenticated(OVER)
        try:
            self._sign_in.confirm(agent, current, address=address)
        except Unauthenticated:
            raise InvalidField("current_password", "Is not the password of this account.") from None
        hashed = self._hashed(new, agent, field="new_password")
        with self._database.writing() as session:
            self._keep(session, agent, hashed, PASSWORD_CHANGED, actor=f"agent:{agent.id}")
            return self._sessions.start(session, agent)

    def set(self, agent: Agent, password: str, *, actor: str) -> None:
        """By an operator at the machine. Raises `InvalidField`, `Busy`."""
        hashed = self._hashed(password, agent, field="password")
        with self._database.writing() as session:
            self._keep(session, agent, hashed, PASSWORD_CHANGED, actor=actor)

    def _hashed(self, password: str, agent: Agent, *, field: str) -> str:
        check_password(password, field=field, email=agent.email)
        return self._passwords.hashed(password)

    def _keep(self, session: Session, agent: Agent, hashed: str, kind: EventType, *, actor: str) -> None:
        """Whoever signed in with the old one has to sign in again."""
        now = self._clock.now()
        queries.keep_password(session, agent.id, hashed, now)
        self._sessions.end_all_of(session, agent.id, because="password_changed")
        self._record(session, kind, agent.id, actor=actor, at=now)

    def _record(self, session: Session, kind: EventType, agent_id: str, *, actor: str, at: datetime) -> None:
        told = Event(type=kind, subject_type="agent", subject_id=agent_id, actor=actor, at=at)
        self._events.record(session, told)

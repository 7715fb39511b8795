"""Sessions: each begins with a sign-in, goes on by refresh tokens, and ends for all of them at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.access import queries
from service.access.secrets import digest, new_token
from service.access.tokens import LIFETIME, AccessTokens
from service.agents.models import Agent
from service.agents.services import AgentService
from service.database import Database
from service.errors import Unauthenticated
from service.events import (
    AGENT_DEACTIVATED,
    REFRESH_REUSED,
    SIGNED_IN,
    SIGNED_OUT,
    Event,
    EventLog,
    EventType,
)
from service.identifiers import new_id

IDLE_LIFETIME = timedelta(days=7)
"""A session that is not refreshed for so long is over."""

LONGEST_LIFETIME = timedelta(days=30)
"""Then whoever it is signs in again, however busy they were."""

OVER = "The refresh token is not good any more; please sign in again."


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a client gets; both tokens are shown here and kept nowhere."""

    agent: Agent
    access_token: str
    expires_in_s: int
    refresh_token: str
    refresh_expires_at: datetime


class Sessions:
    def __init__(
        self,
        database: Database,
        events: EventLog,
        *,
        agents: AgentService,
        tokens: AccessTokens,
        clock: Clock,
    ) -> None:
        self._database = database
        self._events = events
        self._agents = agents
        self._tokens = tokens
        self._clock = clock

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(AGENT_DEACTIVATED, self._end_all_with_agent)

    def start(self, session: Session, agent: Agent) -> SignedIn:
        """As a part of the transaction in which it was found who they are."""
        now = self._clock.now()
        begun = queries.Going(id=new_id("session"), agent_id=agent.id, expires_at=now + LONGEST_LIFETIME)
        queries.start_session(
            session, id=begun.id, agent_id=agent.id, created_at=now, expires_at=begun.expires_at
        )
        self._events.record(session, _told(SIGNED_IN, agent.id, begun.id, now))
        return self._go_on(session, begun, agent)

    def refresh(self, refresh_token: str) -> SignedIn:
        """A token is good for one use; a second one ends its session. Raises `Unauthenticated`."""
        going = self._used(digest(refresh_token))
        agent = self._agents.find(going.agent_id) if going else None
        if going is None or agent is None or not agent.active:
            raise Unauthenticated(OVER)
        with self._database.writing() as session:
            return self._go_on(session, going, agent)

    def end(self, refresh_token: str) -> None:
        """Of a token that is not known, or no longer, there is nothing to end."""
        with self._database.writing() as session:
            session_id = queries.session_of_token(session, digest(refresh_token))
            if session_id is not None:
                self._end(session, session_id, SIGNED_OUT, self._clock.now())

    def end_all_of(self, session: Session, agent_id: str, *, because: str) -> None:
        queries.end_sessions_of(session, agent_id, because=because, at=self._clock.now())

    def is_going(self, session_id: str) -> bool:
        with self._database.reading() as session:
            return queries.going(session, session_id, self._clock.now()) is not None

    def _used(self, sha256: str) -> queries.Going | None:
        """Its session, if both are good. Committed before anything is refused: a second use ends it."""
        now = self._clock.now()
        with self._database.writing() as session:
            token = queries.use_refresh_token(session, sha256, now)
            if token is None:
                reused = queries.session_of_token(session, sha256)
                if reused is not None:
                    self._end(session, reused, REFRESH_REUSED, now)
                return None
            return queries.going(session, token.session_id, now) if token.expires_at > now else None

    def _end(self, session: Session, session_id: str, why: EventType, now: datetime) -> None:
        because = why.name.removeprefix("auth.")
        agent_id = queries.end_session(session, session_id, because=because, at=now)
        if agent_id is not None:
            self._events.record(session, _told(why, agent_id, session_id, now))

    def _go_on(self, session: Session, begun: queries.Going, agent: Agent) -> SignedIn:
        now = self._clock.now()
        refresh_token = new_token("refresh")
        expires_at = min(now + IDLE_LIFETIME, begun.expires_at)
        queries.keep_refresh_token(
            session, sha256=digest(refresh_token), session_id=begun.id, issued_at=now, expires_at=expires_at
        )
        return SignedIn(
            agent=agent,
            access_token=self._tokens.issue(agent.id, begun.id),
            expires_in_s=int(LIFETIME.total_seconds()),
            refresh_token=refresh_token,
            refresh_expires_at=expires_at,
        )

    def _end_all_with_agent(self, session: Session, event: Event) -> None:
        queries.end_sessions_of(session, event.subject_id, because="deactivated", at=event.at)


def _told(kind: EventType, agent_id: str, session_id: str, at: datetime) -> Event:
    return Event(
        type=kind,
        subject_type="agent",
        subject_id=agent_id,
        actor=f"agent:{agent_id}",
        at=at,
        after={"session_id": session_id},
    )

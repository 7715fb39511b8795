"""Signing in with a password: what is wrong is never told, nor whether there is such an account."""

from dataclasses import dataclass, field
from typing import Protocol

import structlog

from service.access import queries
from service.access.passwords import Passwords
from service.access.services.sessions import Sessions, SignedIn
from service.access.throttle import SignInThrottle
from service.agents.models import Agent
from service.agents.services import AgentService
from service.database import Database
from service.errors import Throttled, Unauthenticated

NOBODY = "nobody"
"""An id that no agent has: of an unknown account as much is asked as of a known one."""

WRONG = "The e-mail address or the password is wrong."

log = structlog.get_logger()


class SignInWatcher(Protocol):
    def failed(self, *, agent_id: str | None, address: str, reason: str) -> None:
        """`agent_id` is None where there is no such account; `reason`: `wrong` or `throttled`."""
        ...


class LoggedFailures:
    """A `SignInWatcher`."""

    def failed(self, *, agent_id: str | None, address: str, reason: str) -> None:
        log.warning("sign_in_failed", agent_id=agent_id, reason=reason)


class SignIn:
    def __init__(
        self,
        database: Database,
        *,
        agents: AgentService,
        passwords: Passwords,
        throttle: SignInThrottle,
        sessions: Sessions,
        watcher: SignInWatcher,
    ) -> None:
        self._database = database
        self._agents = agents
        self._passwords = passwords
        self._throttle = throttle
        self._sessions = sessions
        self._watcher = watcher

    def sign_in(self, email: str, password: str, *, address: str) -> SignedIn:
        """Raises `Unauthenticated`, `Throttled`, `Busy`."""
        known = self._checked(self._known(email), password, counted=email, address=address)
        renewed = self._renewed(password, known.password_hash)
        with self._database.writing() as session:
            if renewed is not None:
                queries.renew_hash(session, known.agent.id, old=known.password_hash, new=renewed)
            return self._sessions.start(session, known.agent)

    def confirm(self, agent: Agent, password: str, *, address: str) -> None:
        """That it is they who are at the keyboard. Raises as `sign_in` does."""
        self._checked(self._known(agent.email), password, counted=agent.email, address=address)

    def _known(self, email: str) -> "_Known | None":
        """The same statements whether there is such an account or not."""
        agent = self._agents.with_email(email)
        with self._database.reading() as session:
            password_hash = queries.password_hash(session, agent.id if agent else NOBODY)
        if agent is None or password_hash is None or not agent.active:
            return None
        return _Known(agent, password_hash)

    def _checked(self, known: "_Known | None", password: str, *, counted: str, address: str) -> "_Known":
        agent_id, counted = known.agent.id if known else None, counted.lower()
        try:
            self._throttle.check(counted, address)
        except Throttled:
            self._watcher.failed(agent_id=agent_id, address=address, reason="throttled")
            raise
        is_right = self._passwords.is_right(password, known.password_hash if known else None)
        if known is None or not is_right:
            self._throttle.failed(counted, address)
            self._watcher.failed(agent_id=agent_id, address=address, reason="wrong")
            raise Unauthenticated(WRONG)
        self._throttle.succeeded(counted, address)
        return known

    def _renewed(self, password: str, password_hash: str) -> str | None:
        return self._passwords.hashed(password) if self._passwords.is_outdated(password_hash) else None


@dataclass(frozen=True, slots=True)
class _Known:
    """An account that can be signed in to."""

    agent: Agent
    password_hash: str = field(repr=False)

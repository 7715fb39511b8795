"""Who calls: by a key of the environment or of the table, by an access token, or from this machine."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from providers.ports import Clock
from service.access.services import ApiKeys, KnownKey, Sessions
from service.access.tokens import AccessTokens, Claims
from service.database import after_commit
from service.events import (
    AGENT_DEACTIVATED,
    AGENT_UPDATED,
    API_KEY_CHANGED,
    API_KEY_REVOKED,
    INVITATION_ACCEPTED,
    PASSWORD_CHANGED,
    REFRESH_REUSED,
    SIGNED_OUT,
    TEAM_MEMBER_ADDED,
    TEAM_MEMBER_REMOVED,
    EventLog,
)
from service.http.callers import BootstrapCallers, Caller, Credentials, caller_of_key
from service.http.ownership import AgentDirectory, KnownAgent
from service.permissions import OF_ROLE

REMEMBERED_S = 1.5
"""With the three seconds that the directory remembers an agent less than the five that are promised."""

REMEMBERED_CALLERS = 10_000
REMEMBERED_STRANGERS = 1_000
REMEMBERED_NO_LONGER = (
    SIGNED_OUT,
    REFRESH_REUSED,
    PASSWORD_CHANGED,
    INVITATION_ACCEPTED,
    API_KEY_CHANGED,
    API_KEY_REVOKED,
    AGENT_UPDATED,
    AGENT_DEACTIVATED,
    TEAM_MEMBER_ADDED,
    TEAM_MEMBER_REMOVED,
)
"""Where it happens here it holds at once; other processes learn it when their moment is over."""

BEARER = "bearer "

T = TypeVar("T")


class AccessCallers:
    """The `CallerSource` of the gate. What it learnt it remembers for a moment: most requests ask nobody."""

    def __init__(
        self,
        bootstrap: BootstrapCallers,
        *,
        keys: ApiKeys,
        tokens: AccessTokens,
        sessions: Sessions,
        directory: AgentDirectory,
        clock: Clock,
    ) -> None:
        self._bootstrap = bootstrap
        self._keys = keys
        self._tokens = tokens
        self._sessions = sessions
        self._directory = directory
        self._clock = clock
        self._by_key = _Remembered[Caller](clock)
        self._by_token = _Remembered[Caller](clock)

    def subscribe_to(self, events: EventLog) -> None:
        for kind in REMEMBERED_NO_LONGER:
            events.subscribe(kind, lambda session, _event: after_commit(session, self.forget))

    def identify(self, credentials: Credentials) -> Caller | None:
        """A key goes before a token; one that is wrong is not made good by anything else."""
        if credentials.api_key is not None:
            sent = credentials.api_key.encode("latin-1", "replace")
            return self._of_key(hashlib.sha256(sent).digest())
        if credentials.authorization is not None:
            return self._of_authorization(credentials.authorization)
        return self._bootstrap.anonymous(credentials)

    def forget(self) -> None:
        self._by_key.clear()
        self._by_token.clear()

    def _of_key(self, digest: bytes) -> Caller | None:
        return self._bootstrap.of_digest(digest) or self._by_key.get(digest, self._look_up_key)

    def _look_up_key(self, digest: bytes) -> tuple[Caller | None, datetime | None]:
        found = self._keys.find(digest.hex())
        if found is None or not hmac.compare_digest(found.sha256, digest.hex()):
            return None, None
        return _caller_of(found), found.expires_at

    def _of_authorization(self, authorization: str) -> Caller | None:
        if authorization[: len(BEARER)].lower() != BEARER:
            return None
        token = authorization[len(BEARER) :].strip()
        digest = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        return self._by_token.get(digest, lambda _: self._read_token(token))

    def _read_token(self, token: str) -> tuple[Caller | None, datetime | None]:
        claims = self._tokens.read(token)
        if claims is None:
            return None, None
        return self._of_agent(claims), claims.expires_at

    def _of_agent(self, claims: Claims) -> Caller | None:
        agent = self._directory.find(claims.agent_id)
        if agent is None or not agent.active or not self._sessions.is_going(claims.session_id):
            return None
        return caller_of_agent(agent, claims.session_id)


def caller_of_agent(agent: KnownAgent, session_id: str) -> Caller:
    return Caller(
        id=f"agent:{agent.id}",
        kind="agent",
        role=agent.role,
        agent_id=agent.id,
        session_id=session_id,
        name=agent.name,
        email=agent.email,
        team_ids=agent.team_ids,
        grants=OF_ROLE[agent.role],
    )


def _caller_of(key: KnownKey) -> Caller:
    return caller_of_key(key.id, key.name, key.scopes, key.origins)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    found: T | None
    until: float


class _Remembered(Generic[T]):
    """Strangers apart, so that a flood of them crowds nobody out.

    Plain dictionaries, emptied when they are full: every request looks here, and the reckoning of a cache
    that keeps an order would cost it more than all the rest of the gate.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[bytes, _Entry[T]] = {}
        self._strangers: dict[bytes, _Entry[T]] = {}

    def get(self, digest: bytes, look_up: Callable[[bytes], tuple[T | None, datetime | None]]) -> T | None:
        """`look_up` tells the answer, and when it is over where that is known."""
        entry = self._known.get(digest) or self._strangers.get(digest)
        if entry is not None and self._clock.monotonic() < entry.until:
            return entry.found
        found, over_at = look_up(digest)
        good_for_s = REMEMBERED_S
        if over_at is not None:
            good_for_s = min(good_for_s, (over_at - self._clock.now()).total_seconds())
        entry = _Entry(found, self._clock.monotonic() + good_for_s)
        if found is None:
            self._known.pop(digest, None)
            _keep(self._strangers, REMEMBERED_STRANGERS, digest, entry)
        else:
            self._strangers.pop(digest, None)
            _keep(self._known, REMEMBERED_CALLERS, digest, entry)
        return found

    def clear(self) -> None:
        self._known.clear()
        self._strangers.clear()


def _keep(entries: dict[bytes, _Entry[T]], most: int, digest: bytes, entry: _Entry[T]) -> None:
    if len(entries) >= most:
        entries.clear()
    entries[digest] = entry

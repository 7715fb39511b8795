"""How agents come to a password: by an invitation, or by one that they have."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.access import queries
from service.access.passwords import Passwords, check_password
from service.access.secrets import digest, new_token
from service.access.services.accounts import Account, Accounts
from service.access.services.sessions import Sessions, SignedIn
from service.access.services.sign_in import SignIn
from service.agents.editing import Editor
from service.database import Database
from service.errors import Conflict, Forbidden, InvalidField, NotFound, Unauthenticated
from service.events import INVITATION_CREATED, PASSWORD_CHANGED, Event, EventLog, EventType

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
        accounts: Accounts,
        passwords: Passwords,
        sessions: Sessions,
        sign_in: SignIn,
        clock: Clock,
    ) -> None:
        self._database = database
        self._events = events
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._sign_in = sign_in
        self._clock = clock

    def invite(self, agent_id: str, *, editor: Editor) -> Invited:
        """Whoever has the token becomes this agent. Raises `NotFound`, `Forbidden`, `Conflict`."""
        account = self._accounts.by_id(agent_id)
        if account is None:
            raise NotFound("agent", agent_id)
        if not editor.is_above(account.role):
            raise Forbidden(f"The role {account.role.value} is not below yours; ask somebody who is above it.")
        if not account.active:
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
            self._record(session, INVITATION_CREATED, agent_id, actor=editor.actor, at=now)
        return made

    def accept(self, token: str, password: str) -> SignedIn:
        """Raises `Unauthenticated`, `InvalidField`, `Busy`."""
        sha256 = digest(token)
        with self._database.reading() as session:
            agent_id = queries.invited(session, sha256, self._clock.now())
        account = self._accounts.by_id(agent_id) if agent_id is not None else None
        if account is None or not account.active:
            raise Unauthenticated(OVER)
        hashed = self._hashed(password, account, field="password")
        with self._database.writing() as session:
            if not queries.take_invitation(session, sha256):
                raise Unauthenticated(OVER)
            return self._changed(session, account, hashed)

    def change(self, agent_id: str, current: str, new: str, *, address: str) -> SignedIn:
        """Every session of the agent ends, and one begins. Raises `InvalidField`, `Throttled`, `Busy`."""
        account = self._accounts.by_id(agent_id)
        if account is None:
            raise Unauthenticated(OVER)
        try:
            self._sign_in.confirm(account, current, address=address)
        except Unauthenticated:
            raise InvalidField("current_password", "Is not the password of this account.") from None
        hashed = self._hashed(new, account, field="new_password")
        with self._database.writing() as session:
            return self._changed(session, account, hashed)

    def set(self, account: Account, password: str, *, actor: str) -> None:
        """By an operator at the machine. Raises `InvalidField`, `Busy`."""
        hashed = self._hashed(password, account, field="password")
        with self._database.writing() as session:
            self._keep(session, account, hashed, actor=actor)

    def _hashed(self, password: str, account: Account, *, field: str) -> str:
        check_password(password, field=field, email=account.email)
        return self._passwords.hashed(password)

    def _changed(self, session: Session, account: Account, hashed: str) -> SignedIn:
        self._keep(session, account, hashed, actor=f"agent:{account.id}")
        return self._sessions.start(session, account)

    def _keep(self, session: Session, account: Account, hashed: str, *, actor: str) -> None:
        now = self._clock.now()
        queries.keep_password(session, account.id, hashed, now)
        self._sessions.end_all_of(session, account.id, because="password_changed")
        self._record(session, PASSWORD_CHANGED, account.id, actor=actor, at=now)

    def _record(
        self, session: Session, kind: EventType, agent_id: str, *, actor: str, at: datetime
    ) -> None:
        told = Event(type=kind, subject_type="agent", subject_id=agent_id, actor=actor, at=at)
        self._events.record(session, told)

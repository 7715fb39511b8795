"""API keys: made, shown once, looked up by their hash, revoked."""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.access import queries
from service.access.models import ApiKey
from service.access.secrets import SHOWN_PREFIX, digest, new_key
from service.database import Database
from service.errors import Conflict, Forbidden, InvalidField, NotFound
from service.events import API_KEY_CHANGED, API_KEY_CREATED, API_KEY_REVOKED, Event, EventLog, EventType
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.permissions import FOR_BROWSERS, Grants, granted_to

MOST_KEYS = 1_000
"""That are not revoked: more are a mistake, such as a client that makes itself one at each start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """With `origins` it is a key for browsers."""

    name: str
    scopes: frozenset[str]
    origins: frozenset[str] = frozenset()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeKey:
    """`secret` is what the client sends: shown here and kept nowhere."""

    key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    id: str
    name: str
    scopes: frozenset[str]
    origins: frozenset[str]
    sha256: str = field(repr=False)
    expires_at: datetime | None


class ApiKeys:
    """`taken`: names of the keys in the environment, which no other key gets."""

    def __init__(
        self, database: Database, events: EventLog, clock: Clock, *, taken: Collection[str] = ()
    ) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._taken = frozenset(taken)
        self._uses: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def create(self, new: NewKey, *, actor: str, grants: Grants) -> MadeKey:
        """`grants`: of whoever makes it, beyond which it cannot go.

        Raises `InvalidField`, `Forbidden`, `Conflict`.
        """
        self._check(new, grants)
        secret, now = new_key(), self._clock.now()
        with self._database.writing() as session:
            if queries.living_keys(session) >= MOST_KEYS:
                raise Conflict(f"There are {MOST_KEYS:,} keys; revoke those that nobody uses.")
            key = queries.insert_key(
                session,
                id=new_id("key"),
                name=new.name,
                prefix=secret[:SHOWN_PREFIX],
                sha256=digest(secret),
                scopes=sorted(new.scopes),
                origins=sorted(new.origins),
                expires_at=new.expires_at,
                created_by=actor,
                created_at=now,
            )
            if key is None:
                raise _name_taken(new.name)
            told = {"name": new.name, "scopes": key.scopes, "origins": key.origins}
            self._record(session, API_KEY_CREATED, key.id, actor=actor, at=now, after=told)
        return MadeKey(key=key, secret=secret)

    def count(self) -> int:
        """Those that are not revoked."""
        with self._database.reading() as session:
            return queries.living_keys(session)

    def listing(self, page: Page) -> Listing[ApiKey]:
        """The newest first, revoked ones too."""
        with self._database.reading() as session:
            rows, total = queries.keys_page(session, page), queries.count_keys(session)
        return paginate(
            rows, page, total=total, estimated=False, place=lambda key: Cursor(key.created_at, key.id)
        )

    def read(self, key_id: str) -> ApiKey:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            key = queries.key(session, key_id)
        if key is None:
            raise NotFound("API key", key_id)
        return key

    def named(self, name: str) -> ApiKey:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            key = queries.key_named(session, name)
        if key is None:
            raise NotFound("API key", name)
        return key

    def rename(self, key_id: str, name: str, *, actor: str) -> ApiKey:
        """Raises `NotFound`, `Conflict`."""
        if name in self._taken:
            raise _name_taken(name)
        with _unique_name(name), self._database.writing() as session:
            key = queries.held_key(session, key_id)
            if key is None:
                raise NotFound("API key", key_id)
            if key.name != name:
                before, key.name = key.name, name
                self._record(
                    session,
                    API_KEY_CHANGED,
                    key_id,
                    actor=actor,
                    at=self._clock.now(),
                    before={"name": before},
                    after={"name": name},
                )
        return key

    def revoke(self, key_id: str, *, actor: str) -> None:
        """For good; one that is revoked stays so. Raises `NotFound`."""
        with self._database.writing() as session:
            key = queries.held_key(session, key_id)
            if key is None:
                raise NotFound("API key", key_id)
            if key.revoked_at is None:
                key.revoked_at = self._clock.now()
                self._record(session, API_KEY_REVOKED, key_id, actor=actor, at=key.revoked_at)

    def find(self, sha256: str) -> KnownKey | None:
        """None for one that is unknown, revoked or expired. Whoever finds it uses it."""
        now = self._clock.now()
        with self._database.reading() as session:
            row = queries.known_key(session, sha256, now)
        if row is None:
            return None
        with self._lock:
            self._uses[row.id] = now
        return KnownKey(
            id=row.id,
            name=row.name,
            scopes=frozenset(row.scopes),
            origins=frozenset(row.origins),
            sha256=row.sha256,
            expires_at=row.expires_at,
        )

    def write_uses(self) -> Mapping[str, int]:
        """What was used since this was last called, in one transaction and behind the requests."""
        with self._lock:
            uses, self._uses = self._uses, {}
        if uses:
            with self._database.writing() as session:
                queries.note_uses(session, uses)
        return {"keys": len(uses)}

    def _check(self, new: NewKey, grants: Grants) -> None:
        if new.name in self._taken:
            raise _name_taken(new.name)
        if new.origins and not new.scopes <= FOR_BROWSERS:
            allowed = ", ".join(sorted(FOR_BROWSERS))
            raise InvalidField("scopes", f"A key for browsers may have these and no others: {allowed}.")
        if new.expires_at is not None and new.expires_at <= self._clock.now():
            raise InvalidField("expires_at", "Must be in the future.")
        beyond = [permission.value for permission in granted_to(new.scopes) if permission not in grants]
        if beyond:
            raise Forbidden(f"Nobody gives what they do not have: {', '.join(beyond)}.")

    def _record(
        self,
        session: Session,
        kind: EventType,
        key_id: str,
        *,
        actor: str,
        at: datetime,
        before: Mapping[str, str | Sequence[str]] | None = None,
        after: Mapping[str, str | Sequence[str]] | None = None,
    ) -> None:
        self._events.record(
            session,
            Event(
                type=kind,
                subject_type="api_key",
                subject_id=key_id,
                actor=actor,
                at=at,
                before=before,
                after=after,
            ),
        )


@contextmanager
def _unique_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise _name_taken(name) from error


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is, or was, a key named {name!r}; take another name.")

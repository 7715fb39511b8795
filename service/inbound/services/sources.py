"""Who may send webhooks in: made, given a new secret, changed, deleted; and whether one is who it says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.auditing import Audit
from service.database import Database
from service.errors import Conflict, NotFound, Unauthenticated
from service.events import (
    ACCESS_DENIED,
    INBOUND_WEBHOOK_CHANGED,
    INBOUND_WEBHOOK_CREATED,
    INBOUND_WEBHOOK_DELETED,
    INBOUND_WEBHOOK_ROTATED,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.inbound import queries
from service.inbound.models import InboundWebhook
from service.signing import SIGNATURE, SignedMessage, WebhookSecrets

PURPOSE = "support-desk inbound webhook secrets, version 1"
MOST_SOURCES = 200
NOBODY = "nobody"
NOT_SIGNED = (
    "This webhook is not known, or the signature is not right: sign the body as it is sent, by Standard "
    "Webhooks, with the secret of this address and a clock that is right within five minutes."
)
KIND = "inbound webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSource:
    """`secret` is shown here alone."""

    webhook: InboundWebhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """None: stays as it is."""

    name: str | None = None
    active: bool | None = None


class InboundWebhooks:
    def __init__(
        self, database: Database, events: EventLog, audit: Audit, clock: Clock, *, secret_key: str
    ) -> None:
        self._database = database
        self._events = events
        self._audit = audit
        self._clock = clock
        self._secrets = WebhookSecrets(secret_key, PURPOSE)

    def create(self, name: str, *, actor: str) -> MadeSource:
        """Raises `Conflict` for a name that is taken, or where there are too many."""
        now = self._clock.now()
        with self._database.writing() as session:
            if queries.count_sources(session) >= MOST_SOURCES:
                raise Conflict(f"There are {MOST_SOURCES} inbound webhooks; delete those that nobody uses.")
            source = queries.insert_source(
                session,
                id=new_id("inbound"),
                name=name,
                active=True,
                secret_version=1,
                created_by=actor,
                created_at=now,
                updated_at=now,
            )
            if source is None:
                raise _name_taken(name)
            self._record(
                session, INBOUND_WEBHOOK_CREATED, source.id, actor=actor, at=now, after={"name": name}
            )
        return self._with_secret(source)

    def listing(self, page: Page) -> Listing[InboundWebhook]:
        with self._database.reading() as session:
            rows, total = queries.sources_page(session, page), queries.count_sources(session)
        return paginate(
            rows, page, total=total, estimated=False, place=lambda row: Cursor(row.created_at, row.id)
        )

    def read(self, source_id: str) -> InboundWebhook:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            source = queries.source(session, source_id)
        if source is None:
            raise NotFound(KIND, source_id)
        return source

    def change(self, source_id: str, change: SourceChange, *, actor: str) -> InboundWebhook:
        """Raises `NotFound`, and `Conflict` for a name that is taken."""
        with _unique_name(change.name), self._database.writing() as session:
            source = self._held(session, source_id)
            before = _state_of(source)
            source.name = source.name if change.name is None else change.name
            source.active = source.active if change.active is None else change.active
            told = differing(before, _state_of(source))
            if told:
                source.updated_at = self._clock.now()
                self._record(
                    session, INBOUND_WEBHOOK_CHANGED, source_id, actor=actor, at=source.updated_at, **told
                )
        return source

    def rotate(self, source_id: str, *, overlap: timedelta, actor: str) -> MadeSource:
        """A new secret; the one before is good for `overlap`, an older one no more. Raises `NotFound`."""
        with self._database.writing() as session:
            source = self._held(session, source_id)
            now = self._clock.now()
            source.secret_version += 1
            source.previous_until = now + overlap
            source.updated_at = now
            told = {"secret_version": source.secret_version, "previous_until": source.previous_until}
            self._record(session, INBOUND_WEBHOOK_ROTATED, source_id, actor=actor, at=now, after=told)
        return self._with_secret(source)

    def delete(self, source_id: str, *, actor: str) -> None:
        """Raises `NotFound`."""
        with self._database.writing() as session:
            if not queries.delete_source(session, source_id):
                raise NotFound(KIND, source_id)
            self._record(session, INBOUND_WEBHOOK_DELETED, source_id, actor=actor, at=self._clock.now())

    def check(self, source_id: str, headers: Mapping[str, str], body: bytes) -> SignedMessage:
        """Raises `Unauthenticated`, in the same words and time whatever is wrong."""
        with self._database.reading() as session:
            source = queries.source(session, source_id)
        now = self._clock.now()
        message = SignedMessage.read(headers, body)
        secrets = self._good_secrets(source_id, source, now)
        signed = message is not None and message.is_signed_with(secrets, now=now)
        if message is None or not signed or source is None or not source.active:
            if headers.get(SIGNATURE):
                self._note_stranger(now)
            raise Unauthenticated(NOT_SIGNED)
        return message

    def _good_secrets(self, source_id: str, source: InboundWebhook | None, now: datetime) -> list[str]:
        """Of one that is not there, some all the same."""
        if source is None:
            return [self._secrets.of(source_id, 1)]
        versions = [source.secret_version]
        if source.previous_until is not None and now < source.previous_until:
            versions.append(source.secret_version - 1)
        return [self._secrets.of(source_id, version) for version in versions]

    def _held(self, session: Session, source_id: str) -> InboundWebhook:
        source = queries.held_source(session, source_id)
        if source is None:
            raise NotFound(KIND, source_id)
        return source

    def _with_secret(self, source: InboundWebhook) -> MadeSource:
        return MadeSource(webhook=source, secret=self._secrets.of(source.id, source.secret_version))

    def _note_stranger(self, at: datetime) -> None:
        told = {"reason": "unknown_signature"}
        self._audit.note(
            Event(
                type=ACCESS_DENIED,
                subject_type="view",
                subject_id="inbound.receive_webhook",
                actor=NOBODY,
                at=at,
                after=told,
            )
        )

    def _record(
        self,
        session: Session,
        kind: EventType,
        source_id: str,
        *,
        actor: str,
        at: datetime,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        self._events.record(
            session,
            Event(
                type=kind,
                subject_type="inbound_webhook",
                subject_id=source_id,
                actor=actor,
                at=at,
                before=before,
                after=after,
            ),
        )


def _state_of(source: InboundWebhook) -> dict[str, Any]:
    return {"name": source.name, "active": source.active}


@contextmanager
def _unique_name(name: str | None) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if name is None:
            raise
        raise _name_taken(name) from error


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is an inbound webhook named {name!r}; take another name.")

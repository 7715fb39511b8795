"""Webhook endpoints: made, with a secret shown once, changed, disabled, given another secret."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.clock import rfc3339
from service.database import Database
from service.errors import Conflict, InvalidField, NotFound, Stale
from service.events import (
    WEBHOOK_CHANGED,
    WEBHOOK_CREATED,
    WEBHOOK_DELETED,
    WEBHOOK_SECRET_ROTATED,
    WEBHOOK_TEST,
    Event,
    EventLog,
    EventType,
    differing,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.notifications import queries
from service.notifications.models import URL_LENGTH, Disabled, WebhookEndpoint
from service.outbound import AddressGuard
from service.outbound.failures import AddressRefused
from service.signing import WebhookSecrets

MOST_ENDPOINTS = 100
"""Each is asked about at every event."""

OVERLAP = timedelta(hours=24)
"""For which the old secret signs beside the new one."""

MOST_RETIRING = 3

Versions = frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    """`event_types`: as `published.PATTERN`."""

    url: str = field(repr=False)
    event_types: tuple[str, ...]
    description: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointChange:
    """`values`: each of the fields of `NewEndpoint` that is to be another."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeEndpoint:
    endpoint: WebhookEndpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatedSecret:
    """`old_until`: how long the old one signs, too; None where it has ended."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)
    old_until: datetime | None


class WebhookEndpoints:
    def __init__(
        self, database: Database, events: EventLog, guard: AddressGuard, secrets: WebhookSecrets, clock: Clock
    ) -> None:
        self._database = database
        self._events = events
        self._guard = guard
        self._secrets = secrets
        self._clock = clock

    def listing(self, page: Page) -> Listing[WebhookEndpoint]:
        """In the order in which they were made."""
        with self._database.reading() as session:
            rows, total = queries.endpoints_page(session, page), queries.count_endpoints(session)
        return paginate(
            rows, page, total=total, estimated=False, place=lambda row: Cursor(row.created_at, row.id)
        )

    def read(self, endpoint_id: str) -> WebhookEndpoint:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            endpoint = session.get(WebhookEndpoint, endpoint_id)
        if endpoint is None:
            raise not_there(endpoint_id)
        return endpoint

    def create(self, new: NewEndpoint, *, actor: str) -> MadeEndpoint:
        """Raises `InvalidField` for an address that is refused, `Conflict` for one that is taken."""
        now = self._clock.now()
        endpoint = WebhookEndpoint(
            id=new_id("webhook"),
            url=self._checked(new.url),
            description=new.description,
            event_types=list(dict.fromkeys(new.event_types)),
            enabled=new.enabled,
            disabled_because=None if new.enabled else Disabled.BY_HAND,
            disabled_at=None if new.enabled else now,
            secret_number=1,
            retiring=[],
            version=1,
            created_by=actor,
            created_at=now,
            updated_at=now,
        )
        with _unique_url(), self._database.writing() as session:
            if queries.count_endpoints(session) >= MOST_ENDPOINTS:
                raise Conflict(f"There are {MOST_ENDPOINTS} webhooks; delete those that nobody needs.")
            session.add(endpoint)
            session.flush()
            self._record(session, endpoint, WEBHOOK_CREATED, actor, after=_state(endpoint))
        return MadeEndpoint(endpoint=endpoint, secret=self._secrets.of(endpoint.id, 1))

    def change(
        self, endpoint_id: str, change: EndpointChange, *, actor: str, expected: Versions | None = None
    ) -> WebhookEndpoint:
        """Raises `NotFound`, `Stale`, `InvalidField`, `Conflict`."""
        values = dict(change.values)
        if "url" in values:
            values["url"] = self._checked(values["url"])
        with _unique_url(), self._database.writing() as session:
            endpoint = self._held(session, endpoint_id, expected)
            before, url = _state(endpoint), endpoint.url
            for name, value in values.items():
                setattr(endpoint, name, value)
            now = self._clock.now()
            _switch(endpoint, now)
            told = differing(before, _state(endpoint))
            if told or endpoint.url != url:
                endpoint.version += 1
                endpoint.updated_at = now
                session.flush()
                self._record(session, endpoint, WEBHOOK_CHANGED, actor, **told)
        return endpoint

    def delete(self, endpoint_id: str, *, actor: str, expected: Versions | None = None) -> None:
        """With its deliveries; what is under way to it is given up, and forgotten within the hour.

        Raises `NotFound`, `Stale`.
        """
        with self._database.writing() as session:
            endpoint = self._held(session, endpoint_id, expected)
            self._record(session, endpoint, WEBHOOK_DELETED, actor, before=_state(endpoint))
            session.delete(endpoint)

    def rotate(self, endpoint_id: str, *, actor: str, end_old: bool) -> RotatedSecret:
        """`end_old`: at once, such as for one that others know. Raises `NotFound`, `Conflict`."""
        now = self._clock.now()
        with self._database.writing() as session:
            endpoint = self._held(session, endpoint_id, None)
            going = [] if end_old else [entry for entry in endpoint.retiring if entry["until"] > rfc3339(now)]
            if len(going) >= MOST_RETIRING:
                raise Conflict(f"{MOST_RETIRING} older secrets still sign; wait, or end them with end_old.")
            until = None if end_old else now + OVERLAP
            if until is not None:
                going.append({"number": endpoint.secret_number, "until": rfc3339(until)})
            endpoint.retiring = going
            endpoint.secret_number += 1
            endpoint.version += 1
            endpoint.updated_at = now
            self._record(session, endpoint, WEBHOOK_SECRET_ROTATED, actor, after={"end_old": end_old})
        secret = self._secrets.of(endpoint.id, endpoint.secret_number)
        return RotatedSecret(endpoint=endpoint, secret=secret, old_until=until)

    def test(self, endpoint_id: str, *, actor: str) -> None:
        """An event that it alone is told of, the way of all others. Raises `NotFound`, `Conflict`."""
        with self._database.writing() as session:
            endpoint = self._held(session, endpoint_id, None)
            if not endpoint.enabled:
                raise Conflict("This webhook is disabled, so nothing is sent to it; enable it first.")
            self._record(session, endpoint, WEBHOOK_TEST, actor)

    def _held(self, session: Session, endpoint_id: str, expected: Versions | None) -> WebhookEndpoint:
        endpoint = queries.held_endpoint(session, endpoint_id)
        if endpoint is None:
            raise not_there(endpoint_id)
        if expected is not None and endpoint.version not in expected:
            raise Stale(f"The webhook is at version {endpoint.version} by now; read it again, then repeat.")
        return endpoint

    def _checked(self, url: str) -> str:
        try:
            asked_for = self._guard.check(url)
        except AddressRefused as refusal:
            raise InvalidField("url", str(refusal)) from refusal
        if len(asked_for) > URL_LENGTH:
            raise InvalidField("url", f"Must be at most {URL_LENGTH:,} characters long once encoded.")
        return asked_for

    def _record(
        self,
        session: Session,
        endpoint: WebhookEndpoint,
        kind: EventType,
        actor: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        event = Event(
            type=kind,
            subject_type="webhook",
            subject_id=endpoint.id,
            actor=actor,
            at=self._clock.now(),
            before=before,
            after=after,
        )
        self._events.record(session, event)


def not_there(endpoint_id: str) -> NotFound:
    return NotFound("webhook", endpoint_id)


def _switch(endpoint: WebhookEndpoint, now: datetime) -> None:
    """One that is enabled begins anew; one that is disabled says since when and why."""
    if endpoint.enabled:
        if endpoint.disabled_at is not None:
            endpoint.failing_since = None
        endpoint.disabled_because = endpoint.disabled_at = None
    elif endpoint.disabled_at is None:
        endpoint.disabled_because, endpoint.disabled_at = Disabled.BY_HAND, now


def _state(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "host": urlsplit(endpoint.url).hostname,
        "event_types": list(endpoint.event_types),
        "enabled": endpoint.enabled,
        "description": endpoint.description,
    }


@contextmanager
def _unique_url() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise Conflict("url: another webhook has this address; change that one.") from error

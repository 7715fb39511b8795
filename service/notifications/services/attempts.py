"""What became of each try to deliver to a webhook, and what follows for its endpoint."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.clock import rfc3339
from service.database import Database
from service.events import WEBHOOK_DISABLED, Event, EventLog
from service.notifications import queries
from service.notifications.models import Disabled, WebhookEndpoint
from service.outbox.channels import Delivery
from service.signing import WebhookSecrets

FAILING_FOR = timedelta(days=5)
"""After so long without a success an endpoint gets nothing more, until somebody enables it."""

THE_SERVICE = "service"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where to, and the secrets to sign with, the present one first."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """`status` None: no answer came. `reason` None: it arrived."""

    status: int | None
    reason: str | None
    duration_s: float


class Attempts:
    def __init__(self, database: Database, events: EventLog, secrets: WebhookSecrets, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._secrets = secrets
        self._clock = clock

    def listening(self, endpoint_id: str) -> Listening | None:
        """None where the endpoint is disabled, or not there any more."""
        with self._database.reading() as session:
            endpoint = session.get(WebhookEndpoint, endpoint_id)
        if endpoint is None or not endpoint.enabled:
            return None
        now = rfc3339(self._clock.now())
        numbers = [endpoint.secret_number]
        numbers += [entry["number"] for entry in reversed(endpoint.retiring) if entry["until"] > now]
        return Listening(
            url=endpoint.url, secrets=tuple(self._secrets.of(endpoint.id, number) for number in numbers)
        )

    def arrived(self, delivery: Delivery, tried: Tried) -> None:
        with self._database.writing() as session:
            if self._add(session, delivery, tried):
                queries.note_success(session, delivery.target)

    def failed(self, delivery: Delivery, tried: Tried) -> None:
        now = self._clock.now()
        with self._database.writing() as session:
            if not self._add(session, delivery, tried):
                return
            queries.note_failure(session, delivery.target, now)
            long_ago = now - FAILING_FOR
            if queries.disable(session, delivery.target, Disabled.FAILING, now, failing_before=long_ago):
                self._tell(session, delivery.target, Disabled.FAILING, now)

    def gone(self, delivery: Delivery, tried: Tried) -> None:
        """The endpoint says that nobody will ever listen there again."""
        now = self._clock.now()
        with self._database.writing() as session:
            if self._add(session, delivery, tried) and queries.disable(
                session, delivery.target, Disabled.GONE, now
            ):
                self._tell(session, delivery.target, Disabled.GONE, now)

    def _add(self, session: Session, delivery: Delivery, tried: Tried) -> bool:
        """False where the endpoint was deleted meanwhile, and its attempts with it."""
        if not queries.keep(session, delivery.target):
            return False
        queries.add_attempt(
            session,
            endpoint_id=delivery.target,
            delivery_id=delivery.id,
            event_type=delivery.event.type,
            ticket_id=delivery.event.ticket_id,
            attempt=delivery.attempt,
            status=tried.status,
            reason=tried.reason,
            duration_ms=round(tried.duration_s * 1000),
            at=self._clock.now(),
        )
        return True

    def _tell(self, session: Session, endpoint_id: str, because: Disabled, at: datetime) -> None:
        log.warning("webhook_disabled", webhook=endpoint_id, because=because.value)
        self._events.record(
            session,
            Event(
                type=WEBHOOK_DISABLED,
                subject_type="webhook",
                subject_id=endpoint_id,
                actor=THE_SERVICE,
                at=at,
                before={"enabled": True},
                after={"enabled": False, "because": because},
            ),
        )

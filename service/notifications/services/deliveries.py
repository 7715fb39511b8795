"""What was delivered to a webhook, or is to be, and again where somebody wants it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, NotFound
from service.events import WEBHOOK_REPLAYED, Event, EventLog
from service.http.pagination import Cursor, Listing, Page, paginate
from service.jobs import Job, in_short_transactions
from service.notifications import queries
from service.notifications.models import WebhookAttempt, WebhookEndpoint
from service.notifications.services.endpoints import not_there
from service.outbox.models import OutboxEntry, State
from service.schedules import Every

COUNTED_EXACTLY = 1_000
KEPT = timedelta(days=30)
PRUNE_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    """`state`: of the delivery as it is now, None where the outbox has forgotten it."""

    attempt: WebhookAttempt
    state: State | None
    next_attempt_at: datetime | None


class Deliveries:
    def __init__(self, database: Database, events: EventLog, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    def listing(self, endpoint_id: str, page: Page) -> Listing[LoggedAttempt]:
        """Of one endpoint, attempt by attempt, the newest first. Raises `NotFound`."""
        with self._database.reading() as session:
            if session.get(WebhookEndpoint, endpoint_id) is None:
                raise not_there(endpoint_id)
            rows = queries.attempts_page(session, endpoint_id, page)
            total, estimated = queries.count_attempts(session, endpoint_id, COUNTED_EXACTLY)
            entries = queries.outbox_entries(session, {row.delivery_id for row in rows})
        return paginate(
            [_logged(row, entries.get(row.delivery_id)) for row in rows],
            page,
            total=total,
            estimated=estimated,
            place=lambda logged: Cursor(logged.attempt.at, str(logged.attempt.id)),
        )

    def replay(self, endpoint_id: str, delivery_id: str, *, actor: str) -> OutboxEntry:
        """Deliver it again, whether it arrived or not. Raises `NotFound`, `Conflict`."""
        now = self._clock.now()
        with self._database.writing() as session:
            endpoint = session.get(WebhookEndpoint, endpoint_id)
            if endpoint is None:
                raise not_there(endpoint_id)
            if not endpoint.enabled:
                raise Conflict("This webhook is disabled, so nothing is sent to it; enable it first.")
            entry = queries.delivery_to(session, endpoint_id, delivery_id)
            if entry is None:
                raise NotFound("delivery", delivery_id)
            if entry.leased_until is not None and entry.leased_until > now:
                raise Conflict("It is being delivered right now; look at the deliveries in a moment.")
            entry.state, entry.attempts = State.PENDING, 0
            entry.next_attempt_at, entry.ended_at, entry.last_error = now, None, None
            self._events.record(
                session,
                Event(
                    type=WEBHOOK_REPLAYED,
                    subject_type="webhook",
                    subject_id=endpoint_id,
                    actor=actor,
                    at=now,
                    after={"delivery_id": delivery_id},
                ),
            )
        return entry

    def prune_job(self) -> Job:
        def prune() -> dict[str, int]:
            before = self._clock.now() - KEPT
            return {
                "attempts": in_short_transactions(
                    self._database, lambda session: queries.prune_attempts(session, before)
                )
            }

        return Job(
            name="prune-webhook-attempts",
            description=f"delete what is known of deliveries to webhooks past {KEPT.days} days",
            schedule=Every(PRUNE_EVERY),
            run=prune,
        )


def _logged(attempt: WebhookAttempt, entry: OutboxEntry | None) -> LoggedAttempt:
    waits = entry is not None and entry.state is State.PENDING
    return LoggedAttempt(
        attempt=attempt,
        state=entry.state if entry else None,
        next_attempt_at=entry.next_attempt_at if entry and waits else None,
    )

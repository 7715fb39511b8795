"""What was delivered to a webhook, or is to be, and again where somebody wants it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from providers.ports import Clock
from service.database import Database
from service.errors import Conflict, NotFound
from service.http.pagination import Cursor, Listing, Page, paginate
from service.jobs import Job, in_short_transactions
from service.notifications import queries
from service.notifications.models import WebhookAttempt, WebhookEndpoint
from service.notifications.services.endpoints import not_there
from service.outbox.models import OutboxEntry, State
from service.outbox.services import Outbox
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
    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
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
        with self._database.reading() as session:
            endpoint = session.get(WebhookEndpoint, endpoint_id)
            known = endpoint is not None and queries.is_delivery_to(session, endpoint_id, delivery_id)
        if endpoint is None:
            raise not_there(endpoint_id)
        if not known:
            raise NotFound("delivery", delivery_id)
        if not endpoint.enabled:
            raise Conflict("This webhook is disabled, so nothing is sent to it; enable it first.")
        return self._outbox.replay(delivery_id, actor=actor).entry

    def prune_job(self) -> Job:
        def prune() -> dict[str, int]:
            before = self._clock.now() - KEPT
            return {
                "attempts": in_short_transactions(
                    self._database, lambda session: queries.prune_attempts(session, before)
                ),
                "dead_letters": self._outbox.drop_dead(queries.to_nobody()),
            }

        return Job(
            name="prune-webhook-attempts",
            description=f"delete what is known of deliveries to webhooks past {KEPT.days} days, and dead "
            "letters to webhooks that were deleted",
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

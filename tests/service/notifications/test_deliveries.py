"""What is known of deliveries to webhooks, on both databases."""

from datetime import timedelta

from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.database import Database
from service.events import EventLog
from service.feed.services import Feed
from service.notifications import queries
from service.notifications.models import Disabled, WebhookAttempt, WebhookEndpoint
from service.notifications.notifying import PURPOSE
from service.notifications.services import Attempts, Deliveries, Tried
from service.notifications.services.deliveries import KEPT
from service.outbox.services import Outbox
from service.signing import WebhookSecrets
from tests.service.notifications.events import delivery
from tests.service.persistence import rows


def attempts_kept(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(WebhookAttempt.attempt).order_by(WebhookAttempt.attempt)))


def test_attempts_are_pruned_past_their_time(database: Database, clock: FakeClock) -> None:
    endpoint = rows.webhook_endpoint()
    ages = [KEPT + timedelta(days=1), KEPT + timedelta(seconds=1), KEPT - timedelta(seconds=1)]
    with database.writing() as session:
        session.add(endpoint)
        session.flush()
        for number, age in enumerate(ages, start=1):
            session.add(rows.webhook_attempt(endpoint, attempt=number, at=clock.now() - age))
    outbox = Outbox(database, Feed(), EventLog(), clock)
    job = Deliveries(database, outbox, clock).prune_job()
    assert job.run() == {"attempts": 2}
    assert attempts_kept(database) == [3]


def test_one_that_was_deleted_meanwhile_is_written_nothing_of(database: Database, clock: FakeClock) -> None:
    attempts = Attempts(database, EventLog(), WebhookSecrets("k" * 32, PURPOSE), clock)
    tried = Tried(status=200, reason=None, duration_s=0.01)
    for told in (attempts.arrived, attempts.failed, attempts.gone):
        told(delivery(target="webhook_gone"), tried)
    assert attempts_kept(database) == []
    assert attempts.listening("webhook_gone") is None


def test_an_endpoint_is_disabled_once_whoever_finds_out(database: Database, clock: FakeClock) -> None:
    now = clock.now()
    endpoint = rows.webhook_endpoint(failing_since=now - timedelta(days=5))
    with database.writing() as session:
        session.add(endpoint)
    with database.writing() as session:
        early = now - timedelta(days=6)
        assert not queries.disable(session, endpoint.id, Disabled.FAILING, now, failing_before=early)
        assert queries.disable(session, endpoint.id, Disabled.FAILING, now, failing_before=now)
        assert not queries.disable(session, endpoint.id, Disabled.GONE, now)
    with database.reading() as session:
        kept = session.get_one(WebhookEndpoint, endpoint.id)
    assert (kept.enabled, kept.disabled_because, kept.version) == (False, Disabled.FAILING, 2)


def test_a_success_ends_what_failed_before(database: Database, clock: FakeClock) -> None:
    endpoint = rows.webhook_endpoint()
    with database.writing() as session:
        session.add(endpoint)
    attempts = Attempts(database, EventLog(), WebhookSecrets("k" * 32, PURPOSE), clock)
    since = []
    for told, status in ((attempts.failed, 500), (attempts.failed, 500), (attempts.arrived, 200)):
        reason = None if status == 200 else "status_500"
        told(delivery(target=endpoint.id), Tried(status=status, reason=reason, duration_s=0.01))
        with database.reading() as session:
            since.append(session.get_one(WebhookEndpoint, endpoint.id).failing_since)
        clock.sleep(60)
    assert since[0] == since[1] is not None
    assert since[2] is None

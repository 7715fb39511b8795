"""What is known of deliveries to webhooks, on both databases."""

from datetime import timedelta

import pytest
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
from service.outbox.models import OutboxEntry
from service.outbox.services import BATCH, Outbox, Replayed
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
    assert job.run() == {"attempts": 2, "dead_letters": 0}
    assert attempts_kept(database) == [3]


def letters(database: Database) -> dict[str, str]:
    """States by target."""
    with database.reading() as session:
        return {entry.target: entry.state.value for entry in session.scalars(select(OutboxEntry))}


@pytest.fixture
def targets(database: Database, clock: FakeClock) -> dict[str, str]:
    """Each with a dead letter: webhooks, of which one is disabled and one is no more, and the log."""
    listens, disabled = rows.webhook_endpoint(), rows.webhook_endpoint(enabled=False)
    told = {"listens": listens.id, "disabled": disabled.id, "deleted": "webhook_gone", "other": "desk"}
    ages = {"deleted": 5, "disabled": 4, "listens": 3, "other": 2}
    with database.writing() as session:
        session.add_all([listens, disabled])
        for name, target in told.items():
            at = clock.now() - timedelta(days=ages[name])
            channel = "log" if name == "other" else "webhook"
            session.add(rows.outbox_entry(channel=channel, target=target, state="dead", created_at=at))
    return told


def test_dead_letters_of_a_deleted_webhook_go_and_those_of_others_stay(
    database: Database, clock: FakeClock, targets: dict[str, str]
) -> None:
    with database.writing() as session:
        session.add_all(
            rows.outbox_entry(
                channel="webhook",
                target="webhook_gone",
                position=number,
                state="dead",
                created_at=clock.now(),
            )
            for number in range(2, 2 + 2 * BATCH)
        )
    outbox = Outbox(database, Feed(), EventLog(), clock)
    assert Deliveries(database, outbox, clock).prune_job().run()["dead_letters"] == 2 * BATCH + 1
    assert letters(database).keys() == {targets["listens"], targets["disabled"], "desk"}


def test_of_many_only_dead_letters_to_those_who_listen_are_replayed(
    database: Database, clock: FakeClock, targets: dict[str, str]
) -> None:
    outbox = Outbox(database, Feed(), EventLog(), clock)
    outbox.replay_only(queries.to_listeners())
    assert outbox.replay_dead(actor="key:ops") == Replayed(2, remaining=False)
    assert letters(database) == {
        targets["listens"]: "pending",
        targets["disabled"]: "dead",
        "webhook_gone": "dead",
        "desk": "pending",
    }


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

"""Counters on both databases: what happened is what they say."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from providers.testing.fakes import FixedRandom
from service import migrating
from service.database import Database, upgrade
from service.events import DRAFT_GENERATED, DRAFT_OUTCOME_RECORDED, EventLog, about_ticket
from service.intelligence.draft_counters import SHARDS, CountedDrafts, DraftCounters
from service.intelligence.models import DraftCounter
from tests.service.persistence.rows import customer, draft, ticket
from tests.service.persistence.test_indexes import PLANS

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
JANUARY = (date(2026, 1, 1), date(2026, 2, 1))
NOTHING = {"generated": 0, "verbatim": 0, "edited": 0, "set_aside": 0, "edited_share_sum": 0.0}


@pytest.fixture
def events() -> EventLog:
    return EventLog()


@pytest.fixture
def counters(database: Database, events: EventLog) -> DraftCounters:
    counters = DraftCounters(database, FixedRandom(0.0, 0.3, 0.6, 0.999))
    counters.subscribe_to(events)
    return counters


def row(provider: str = "quimbi", tone: str = "friendly", **counts: Any) -> CountedDrafts:
    return CountedDrafts(provider=provider, tone=tone, **NOTHING | counts)


@pytest.fixture
def generate(database: Database, events: EventLog) -> Callable[..., None]:
    def generating(tone: str = "friendly", at: datetime = NOON) -> None:
        made = {"provider": "quimbi", "tone": tone}
        with database.writing() as session:
            events.record(session, about_ticket(DRAFT_GENERATED, "t", actor="a", at=at, after=made))

    return generating


@pytest.fixture
def decide(database: Database, events: EventLog) -> Callable[..., None]:
    def deciding(outcome: str, share: float | None = None, *, days_later: int = 0) -> None:
        told = {"provider": "quimbi", "tone": "friendly", "outcome": outcome, "edited_share": share}
        told["generated_at"] = NOON.isoformat()
        at = NOON + timedelta(days=days_later)
        with database.writing() as session:
            events.record(session, about_ticket(DRAFT_OUTCOME_RECORDED, "t", actor="a", at=at, after=told))

    return deciding


def test_the_shards_add_up(
    counters: DraftCounters, generate: Callable[..., None], decide: Callable[..., None], database: Database
) -> None:
    for _ in range(8):
        generate()
    for share in (0.25, 0.5):
        decide("edited", share)
    decide("verbatim")
    decide("set_aside")
    assert counters.counted(*JANUARY) == [
        row(generated=8, verbatim=1, edited=2, set_aside=1, edited_share_sum=0.75)
    ]
    with database.reading() as session:
        assert len(session.scalars(select(DraftCounter)).all()) == SHARDS


def test_an_outcome_counts_on_the_day_of_its_draft(
    counters: DraftCounters, generate: Callable[..., None], decide: Callable[..., None]
) -> None:
    generate()
    decide("verbatim", days_later=40)
    assert counters.counted(*JANUARY) == [row(generated=1, verbatim=1)]
    assert counters.counted(date(2026, 2, 1), date(2027, 1, 1)) == []


def test_the_first_day_is_in_and_the_last_is_out(
    counters: DraftCounters, generate: Callable[..., None]
) -> None:
    for at in (NOON - timedelta(days=1), NOON, NOON + timedelta(days=1)):
        generate(at=at)
    assert counters.counted(date(2026, 1, 30), date(2026, 2, 1)) == [row(generated=2)]
    midnight = datetime(2026, 2, 1, 1, tzinfo=UTC).astimezone(
        datetime.fromisoformat("2026-01-01T00:00-05:00").tzinfo
    )
    generate(at=midnight)  # the day is that of UTC
    assert counters.counted(date(2026, 1, 30), date(2026, 2, 1)) == [row(generated=2)]


def test_tones_that_a_provider_makes_up_are_one_row(
    counters: DraftCounters, generate: Callable[..., None]
) -> None:
    for number in range(9):
        generate(f"made up {number}")
    generate()
    assert counters.counted(*JANUARY) == [row(generated=1), row(tone="other", generated=9)]
    assert counters.counted(*JANUARY, tone="other") == [row(tone="other", generated=9)]
    assert counters.counted(*JANUARY, provider="stub") == []


def test_what_is_undone_is_not_counted(
    counters: DraftCounters, database: Database, events: EventLog, generate: Callable[..., None]
) -> None:
    generate()
    made = {"provider": "quimbi", "tone": "friendly"}
    with pytest.raises(IntegrityError), database.writing() as session:
        events.record(session, about_ticket(DRAFT_GENERATED, "t", actor="a", at=NOON, after=made))
        session.add(draft(ticket(customer()), ticket_id="none"))
    assert counters.counted(*JANUARY) == [row(generated=1)]


def test_parallel_drafts_are_all_counted(counters: DraftCounters, generate: Callable[..., None]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: generate(), range(80)))
    assert counters.counted(*JANUARY) == [row(generated=80)]


def test_the_migration_counts_the_drafts_there_are(empty_database: Database) -> None:
    upgrade(empty_database.engine)
    ada = customer()
    parcel = ticket(ada)
    late = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    for group in (
        [ada],
        [parcel],
        [
            draft(parcel, generated_at=late),
            draft(parcel, generated_at=late, outcome="edited", edited_share=0.5),
            draft(parcel, generated_at=late, outcome="verbatim", tone="warm"),
            draft(parcel, generated_at=late + timedelta(seconds=1), provider="stub", outcome="set_aside"),
        ],
    ):
        with empty_database.writing() as session:
            session.add_all(group)
    migrating.downgrade(empty_database.engine, "0004")
    upgrade(empty_database.engine)
    counters = DraftCounters(empty_database, FixedRandom(0.0))
    assert counters.counted(*JANUARY) == [
        row(generated=2, edited=1, edited_share_sum=0.5),
        row(tone="other", generated=1, verbatim=1),
    ]
    assert counters.counted(date(2026, 2, 1), date(2026, 2, 2)) == [
        row(provider="stub", generated=1, set_aside=1)
    ]


def test_a_year_is_read_by_the_key(database: Database, engine_name: str) -> None:
    with database.reading() as session:
        statement = select(DraftCounter).where(DraftCounter.day >= JANUARY[0], DraftCounter.day < JANUARY[1])
        query = str(statement.compile(database.engine, compile_kwargs={"literal_binds": True}))
        plan = " ".join(PLANS[engine_name](session, query))
    assert "pk_draft_counters" in plan or "sqlite_autoindex_draft_counters_1" in plan

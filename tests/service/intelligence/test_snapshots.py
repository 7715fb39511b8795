from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import create_engine, select, update

from providers.models import (
    AnalysisRequest,
    Capability,
    ChurnRequest,
    CustomerRef,
    LtvRequest,
)
from providers.testing.fakes import EPOCH, FakeClock, sample_answer
from service.database import Database, engine_options, normalise_url
from service.intelligence.models import CustomerSnapshot
from service.intelligence.snapshots import DatabaseSnapshots, canonical
from tests.service.persistence.rows import customer

ANY_AGE = datetime(2000, 1, 1, tzinfo=UTC)
SOMEBODY = CustomerRef("cust_123")
ANALYSIS = AnalysisRequest(SOMEBODY)
QUESTIONS = [
    (Capability.ANALYZE, ANALYSIS),
    (Capability.CHURN, ChurnRequest(SOMEBODY)),
    (Capability.LTV, LtvRequest(SOMEBODY, 6)),
]


@pytest.fixture
def snapshots(database: Database, clock: FakeClock) -> DatabaseSnapshots:
    with database.writing() as session:
        session.add(customer(id=SOMEBODY.id))
    return DatabaseSnapshots(database, clock)


def answer(
    capability: Capability = Capability.ANALYZE, request: Any = ANALYSIS, *, provider="quimbi", at=EPOCH
):
    return sample_answer(capability, request, provider, at)


def latest(snapshots: DatabaseSnapshots, *providers: str, request: Any = ANALYSIS, not_before=ANY_AGE):
    return snapshots.latest(
        Capability.ANALYZE, request, providers=providers or ("quimbi",), not_before=not_before
    )


def row(database: Database) -> CustomerSnapshot:
    with database.reading() as session:
        return session.scalars(select(CustomerSnapshot)).one()


@pytest.mark.parametrize(("capability", "request_"), QUESTIONS)
def test_what_was_kept_is_what_is_read(snapshots, capability: Capability, request_: Any) -> None:
    kept = answer(capability, request_)
    snapshots.keep(capability, request_, kept)
    assert snapshots.latest(capability, request_, providers=("quimbi",), not_before=ANY_AGE) == kept


def test_a_snapshot_belongs_to_its_arguments(snapshots) -> None:
    snapshots.keep(Capability.LTV, LtvRequest(SOMEBODY, 6), answer(Capability.LTV, LtvRequest(SOMEBODY, 6)))
    other = snapshots.latest(
        Capability.LTV, LtvRequest(SOMEBODY, 12), providers=("quimbi",), not_before=ANY_AGE
    )
    assert other is None


def test_the_first_provider_in_order_is_served_and_none_that_is_not_listed(snapshots) -> None:
    for name in ("quimbi", "stub"):
        snapshots.keep(Capability.ANALYZE, ANALYSIS, answer(provider=name))
    assert latest(snapshots, "stub", "quimbi").provenance.provider == "stub"
    assert latest(snapshots, "quimbi", "stub").provenance.provider == "quimbi"
    assert latest(snapshots, "other") is None


def test_of_the_first_provider_one_past_the_limit_leaves_the_next(snapshots) -> None:
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer(provider="quimbi", at=EPOCH - timedelta(days=2)))
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer(provider="stub"))
    found = latest(snapshots, "quimbi", "stub", not_before=EPOCH - timedelta(days=1))
    assert found.provenance.provider == "stub"
    assert latest(snapshots, "quimbi", not_before=EPOCH - timedelta(days=1)) is None
    assert latest(snapshots, "quimbi", not_before=EPOCH - timedelta(days=2)) is not None


def test_an_older_answer_that_comes_late_does_not_replace_a_newer_one(snapshots) -> None:
    newer, older = answer(), answer(at=EPOCH - timedelta(minutes=1))
    snapshots.keep(Capability.ANALYZE, ANALYSIS, newer)
    snapshots.keep(Capability.ANALYZE, ANALYSIS, older)
    assert latest(snapshots) == newer


def test_that_a_customer_is_not_known_is_kept_as_such(snapshots, database) -> None:
    snapshots.keep(Capability.ANALYZE, ANALYSIS, replace(answer(), known=False))
    assert latest(snapshots).known is False
    assert row(database).known is False


def test_what_the_inbox_shows_stands_beside_the_answer(snapshots, database) -> None:
    snapshots.keep(Capability.ANALYZE, ANALYSIS, replace(answer(), currency="EUR"))
    shown = row(database)
    assert (shown.churn_risk, shown.churn_risk_level) == (0.18, "low")
    assert (shown.lifetime_value, shown.currency) == (Decimal("892.5"), "EUR")


def test_marked_for_refresh_it_is_still_served_and_a_newer_answer_unmarks_it(
    snapshots, database, clock
) -> None:
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer())
    clock.advance(60)
    snapshots.mark_for_refresh(SOMEBODY.id)
    marked_at = clock.now()
    clock.advance(60)
    snapshots.mark_for_refresh(SOMEBODY.id)
    assert row(database).refresh_due_since == marked_at, "since the first time"
    assert latest(snapshots) == answer()
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer(at=clock.now()))
    assert row(database).refresh_due_since is None


@pytest.mark.parametrize("unreadable", ["", "{", "null", '{"customer_id": 7}', "[]"])
def test_what_cannot_be_read_any_more_is_no_snapshot(snapshots, database, unreadable: str) -> None:
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer())
    with database.writing() as session:
        session.execute(update(CustomerSnapshot).values(answer=unreadable))
    assert latest(snapshots) is None


def test_an_answer_that_does_not_fit_its_columns_is_not_kept_and_harms_nobody(snapshots, database) -> None:
    stranger = AnalysisRequest(CustomerRef("nobody"))
    snapshots.keep(Capability.ANALYZE, stranger, answer(request=stranger))
    assert latest(snapshots, request=stranger) is None


def test_a_database_that_is_away_holds_no_snapshots(tmp_path, clock) -> None:
    (tmp_path / "desk.db").write_text("This is no database. " * 100)
    url = normalise_url(f"sqlite:///{tmp_path / 'desk.db'}")
    database = Database(create_engine(url, **engine_options(url)))
    snapshots = DatabaseSnapshots(database, clock)
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer())
    assert latest(snapshots) is None
    database.close()


def test_arguments_read_the_same_in_any_order() -> None:
    assert canonical({"b": 2, "a": "x"}) == canonical({"a": "x", "b": 2}) == "a=x&b=2"
    assert canonical({}) == ""


def test_who_knows_the_customer_goes_before_who_does_not(snapshots) -> None:
    unknown = replace(answer(provider="quimbi"), known=False)
    snapshots.keep(Capability.ANALYZE, ANALYSIS, unknown)
    snapshots.keep(Capability.ANALYZE, ANALYSIS, answer(provider="stub"))
    assert latest(snapshots, "quimbi", "stub").provenance.provider == "stub"

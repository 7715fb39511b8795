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


def keep(snapshots: DatabaseSnapshots, kept: Any, request: Any = ANALYSIS, *, asked_at=EPOCH) -> None:
    capability = next(each for each, asked in QUESTIONS if type(asked) is type(request))
    snapshots.keep(capability, request, kept, asked_at=asked_at)


def held(snapshots: DatabaseSnapshots, *providers: str, request: Any = ANALYSIS, not_before=ANY_AGE):
    """The answers, in the order in which they are told."""
    capability = next(each for each, asked in QUESTIONS if type(asked) is type(request))
    found = snapshots.held(capability, request, providers=providers or ("quimbi",), not_before=not_before)
    return [snapshot.answer for snapshot in found]


def outdated(snapshots: DatabaseSnapshots) -> list[bool]:
    found = snapshots.held(Capability.ANALYZE, ANALYSIS, providers=("quimbi",), not_before=ANY_AGE)
    return [snapshot.outdated for snapshot in found]


def row(database: Database) -> CustomerSnapshot:
    with database.reading() as session:
        return session.scalars(select(CustomerSnapshot)).one()


@pytest.mark.parametrize(("capability", "request_"), QUESTIONS)
def test_what_was_kept_is_what_is_read(snapshots, capability: Capability, request_: Any) -> None:
    kept = answer(capability, request_)
    keep(snapshots, kept, request_)
    assert held(snapshots, request=request_) == [kept]


def test_a_snapshot_belongs_to_its_arguments(snapshots) -> None:
    half_a_year = LtvRequest(SOMEBODY, 6)
    keep(snapshots, answer(Capability.LTV, half_a_year), half_a_year)
    assert held(snapshots, request=LtvRequest(SOMEBODY, 12)) == []


def test_the_listed_providers_are_told_in_their_order_and_no_others(snapshots) -> None:
    for name in ("quimbi", "stub"):
        keep(snapshots, answer(provider=name))
    assert [each.provenance.provider for each in held(snapshots, "stub", "quimbi")] == ["stub", "quimbi"]
    assert [each.provenance.provider for each in held(snapshots, "quimbi", "stub")] == ["quimbi", "stub"]
    assert held(snapshots, "other") == []


def test_one_past_the_age_limit_is_not_told(snapshots) -> None:
    keep(snapshots, answer(provider="quimbi", at=EPOCH - timedelta(days=2)))
    keep(snapshots, answer(provider="stub"))
    (found,) = held(snapshots, "quimbi", "stub", not_before=EPOCH - timedelta(days=1))
    assert found.provenance.provider == "stub"
    assert held(snapshots, "quimbi", not_before=EPOCH - timedelta(days=1)) == []
    assert len(held(snapshots, "quimbi", not_before=EPOCH - timedelta(days=2))) == 1


def test_an_older_answer_that_comes_late_does_not_replace_a_newer_one(snapshots) -> None:
    newer, older = answer(), answer(at=EPOCH - timedelta(minutes=1))
    keep(snapshots, newer)
    keep(snapshots, older)
    assert held(snapshots) == [newer]


def test_that_a_customer_is_not_known_is_kept_as_such(snapshots, database) -> None:
    keep(snapshots, replace(answer(), known=False))
    assert [each.known for each in held(snapshots)] == [False]
    assert row(database).known is False


def test_what_the_inbox_shows_stands_beside_the_answer(snapshots, database) -> None:
    keep(snapshots, replace(answer(), currency="EUR"))
    shown = row(database)
    assert (shown.churn_risk, shown.churn_risk_level) == (0.18, "low")
    assert (shown.lifetime_value, shown.currency) == (Decimal("892.5"), "EUR")


def test_marked_for_refresh_it_is_still_served_and_a_newer_answer_unmarks_it(snapshots, clock) -> None:
    keep(snapshots, answer())
    assert outdated(snapshots) == [False]
    clock.advance(60)
    snapshots.mark_for_refresh(SOMEBODY.id)
    assert (held(snapshots), outdated(snapshots)) == ([answer()], [True])
    clock.advance(60)
    keep(snapshots, answer(at=clock.now()), asked_at=clock.now())
    assert outdated(snapshots) == [False]


def test_an_answer_that_was_asked_for_before_the_mark_does_not_unmark_it(snapshots, clock) -> None:
    keep(snapshots, answer())
    asked_at = clock.now()
    clock.advance(1)
    snapshots.mark_for_refresh(SOMEBODY.id)
    clock.advance(1)
    keep(snapshots, answer(at=clock.now()), asked_at=asked_at)
    assert (len(held(snapshots)), outdated(snapshots)) == (1, [True])


@pytest.mark.parametrize("unreadable", ["", "{", "null", '{"customer_id": 7}', "[]"])
def test_what_cannot_be_read_any_more_is_no_snapshot(snapshots, database, unreadable: str) -> None:
    keep(snapshots, answer(provider="stub"))
    keep(snapshots, answer())
    with database.writing() as session:
        session.execute(
            update(CustomerSnapshot).where(CustomerSnapshot.provider == "stub").values(answer=unreadable)
        )
    assert held(snapshots, "stub", "quimbi") == [answer()], "and the others are still told"


def test_an_answer_that_does_not_fit_its_columns_is_not_kept_and_harms_nobody(snapshots, database) -> None:
    stranger = AnalysisRequest(CustomerRef("nobody"))
    keep(snapshots, answer(request=stranger), stranger)
    assert held(snapshots, request=stranger) == []


def test_a_database_that_is_away_holds_no_snapshots(tmp_path, clock) -> None:
    (tmp_path / "desk.db").write_text("This is no database. " * 100)
    url = normalise_url(f"sqlite:///{tmp_path / 'desk.db'}")
    database = Database(create_engine(url, **engine_options(url)))
    snapshots = DatabaseSnapshots(database, clock)
    keep(snapshots, answer())
    assert held(snapshots) == []
    database.close()


def test_arguments_read_the_same_in_any_order() -> None:
    assert canonical({"b": 2, "a": "x"}) == canonical({"a": "x", "b": 2}) == "a=x&b=2"
    assert canonical({}) == ""

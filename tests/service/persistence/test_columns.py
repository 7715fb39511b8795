"""What goes in comes out, on both databases."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError

from service.columns import MONEY_STEP
from service.customers.models import Customer, Order, Refund
from service.database import Database
from tests.service.persistence.rows import NOON, customer, order, refund

in_one_database = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
amounts = st.decimals("-99999999999999", "99999999999999", allow_nan=False, allow_infinity=False, places=6)
zones = st.sampled_from(["UTC", "Europe/Vienna", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"])
times = st.datetimes(
    datetime(1970, 1, 2), datetime(2099, 12, 31), timezones=zones.map(ZoneInfo), allow_imaginary=False
)


@in_one_database
@given(times)
def test_a_time_comes_back_as_the_same_instant_in_utc(database: Database, at: datetime) -> None:
    ada, instant = customer(created_at=at), at.astimezone(UTC)
    with database.writing() as session:
        session.add(ada)
    with database.reading() as session:
        stored = session.get_one(Customer, ada.id).created_at
        found = session.scalar(select(Customer.id).where(Customer.id == ada.id, Customer.created_at == at))
    assert stored == instant
    assert stored.tzinfo is UTC
    assert found == ada.id


def test_times_sort_by_instant_whatever_their_zone(database: Database) -> None:
    east, west = timezone(timedelta(hours=13)), timezone(timedelta(hours=-11))
    instants = [
        NOON.astimezone(east),
        (NOON + timedelta(seconds=1)).astimezone(west),
        NOON + timedelta(seconds=2),
    ]
    with database.writing() as session:
        session.add_all(customer(created_at=at) for at in instants)
    with database.reading() as session:
        assert session.scalars(select(Customer.created_at).order_by(Customer.created_at)).all() == instants


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="timezone-aware"), database.writing() as session:
        session.add(customer(created_at=datetime(2026, 1, 31)))
        session.flush()


@in_one_database
@given(st.lists(amounts, min_size=1, max_size=5))
def test_amounts_and_their_sums_are_exact(database: Database, brought: list[Decimal]) -> None:
    ada = customer()
    parcel = order(ada, refunds=[refund(amount=amount) for amount in brought])
    with database.writing() as session:
        session.add(ada)
        session.flush()
        session.add(parcel)
    rounded = [amount.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN) for amount in brought]
    with database.reading() as session:
        mine = Refund.order_id == parcel.id
        assert sorted(session.scalars(select(Refund.amount).where(mine))) == sorted(rounded)
        assert session.scalar(select(func.sum(Refund.amount)).where(mine)) == sum(rounded)
        assert session.scalar(
            select(func.count()).where(mine, Refund.amount >= max(rounded))
        ) == rounded.count(max(rounded))


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "100000000000000"])
def test_an_amount_that_has_no_exact_place_is_refused(database: Database, amount: str) -> None:
    ada = customer()
    with pytest.raises(StatementError, match="finite"), database.writing() as session:
        session.add(ada)
        session.flush()
        session.add(order(ada, total=Decimal(amount)))
        session.flush()


def test_an_absent_amount_stays_absent(database: Database) -> None:
    ada = customer()
    with database.writing() as session:
        session.add(ada)
        session.flush()
        session.add(order(ada, discount=None, tracking=None))
    with database.reading() as session:
        stored = session.scalars(select(Order)).one()
        absent = session.scalar(
            select(func.count()).where(Order.discount.is_(None), Order.tracking.is_(None))
        )
    assert stored.discount is None
    assert absent == 1


def test_json_may_hold_times_and_amounts(database: Database) -> None:
    ada = customer(preferences={"since": NOON, "limit": Decimal("19.90"), "names": {"Ada": ["ä", "🫖"]}})
    with database.writing() as session:
        session.add(ada)
    with database.reading() as session:
        stored = session.get_one(Customer, ada.id).preferences
    assert stored == {
        "since": "2026-01-31T12:00:00.123456Z",
        "limit": 19.9,
        "names": {"Ada": ["ä", "🫖"]},
    }

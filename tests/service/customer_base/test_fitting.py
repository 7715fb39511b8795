"""Fits over the desk's own customers: versions, what replaces what, and the truth behind the sample data."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.customer_base.fitting import PastTooShort
from service.customer_base.models import ParameterVersion
from service.customer_base.parameters import LOOKED_AT_EVERY, ParameterVersions
from service.customer_base.services import CustomerBaseServices
from service.customers.models import Customer
from service.database import Database
from service.sample_data import shopping
from tests.service.customer_base.shops import filled
from tests.service.persistence.rows import order as order_of

SOME = 60


def was_better_once(database: Database, brier: float) -> None:
    """As if what is in use had once foretold the past better than anything can now."""
    with database.writing() as session:
        row = session.scalars(select(ParameterVersion).order_by(ParameterVersion.version.desc())).first()
        assert row is not None
        row.parameters = row.parameters | {"backtest": row.parameters["backtest"] | {"brier": brier}}


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_the_truth_behind_the_sample_data_is_found_again(database: Database, clock: FakeClock) -> None:
    fitted = filled(database, clock, customers=2_500).fits.fit(by="test").parameters
    assert fitted.purchase is not None
    assert fitted.spend is not None
    assert fitted.purchase.r == pytest.approx(shopping.RATE_SHAPE, rel=0.15)
    assert fitted.purchase.alpha == pytest.approx(shopping.RATE_DAYS, rel=0.2)
    assert fitted.purchase.a == pytest.approx(shopping.LEAVE_A, rel=0.2)
    assert fitted.purchase.b == pytest.approx(shopping.LEAVE_B, rel=0.2)
    assert fitted.spend.p == pytest.approx(shopping.SPEND_P, rel=0.1)
    assert fitted.spend.q == pytest.approx(shopping.SPEND_Q, rel=0.2)
    assert fitted.spend.v == pytest.approx(shopping.SPEND_V, rel=0.25)
    assert fitted.backtest is not None
    assert fitted.backtest.calibration_error < 0.02


def test_a_fit_is_kept_as_a_version_with_its_window_and_backtest(
    database: Database, clock: FakeClock
) -> None:
    services = filled(database, clock, customers=SOME, tickets=30)
    first = services.fits.fit(by="test")
    again = services.fits.fit(by="test")
    assert again.parameters.version == first.parameters.version + 1
    assert (first.adopted, again.adopted) == (True, True)
    assert replace(again.parameters, version=first.parameters.version) == first.parameters
    assert first.parameters.first_day < first.parameters.last_day <= clock.now().toordinal()
    assert first.parameters.backtest is not None
    assert sum(first.parameters.figures.support_channels.values()) == 31
    assert services.versions.in_use() == again
    assert list(services.versions.newest(5)) == [again, first]


def test_a_fit_that_foretells_the_past_worse_is_kept_and_not_used(
    database: Database, clock: FakeClock
) -> None:
    services = filled(database, clock, customers=SOME)
    in_use = services.fits.fit(by="test")
    was_better_once(database, 0.01)
    clock.sleep(LOOKED_AT_EVERY.total_seconds())
    services = type(services).over(database, clock)
    refused = services.fits.fit(by="test")
    assert not refused.adopted
    assert "Brier" in str(refused.refusal)
    assert services.source.parameters() is not None
    assert services.source.parameters().version == in_use.parameters.version  # type: ignore[union-attr]  # asked above
    forced = services.fits.fit(by="test", force=True)
    assert forced.adopted
    assert services.source.parameters() == forced.parameters


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_another_process_goes_by_a_new_version_within_seconds(database: Database, clock: FakeClock) -> None:
    services = filled(database, clock, customers=SOME)
    elsewhere = ParameterVersions(database, clock)
    assert elsewhere.in_use() is None
    fitted = services.fits.fit(by="test")
    assert elsewhere.in_use() is None
    clock.sleep(LOOKED_AT_EVERY.total_seconds())
    assert elsewhere.in_use() == fitted


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_shop_without_a_past_has_no_backtest_and_knows_nothing(
    database: Database, clock: FakeClock
) -> None:
    services = filled(database, clock, customers=0)
    fitted = services.fits.fit(by="test")
    assert (fitted.adopted, fitted.parameters.backtest, fitted.parameters.purchase) == (True, None, None)
    with pytest.raises(PastTooShort):
        services.fits.backtest()


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_a_fit_comes_with_the_first_order_and_whenever_customers_have_doubled(
    database: Database, clock: FakeClock
) -> None:
    services = CustomerBaseServices.over(database, clock)
    assert services.fits.fit_grown(by="test") is None
    filled(database, clock, customers=10)
    first = services.fits.fit_grown(by="test")
    assert first is not None
    assert first.parameters.purchase is None
    assert services.fits.fit_grown(by="test") is None
    filled(database, clock, customers=40)
    second = services.fits.fit_grown(by="test")
    assert second is not None
    assert second.parameters.purchase is not None
    assert services.fits.fit_grown(by="test") is None


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_orders_of_the_future_change_no_fit(database: Database, clock: FakeClock) -> None:
    services = filled(database, clock, customers=SOME)
    now = services.fits.fit(by="test").parameters
    ahead = clock.now() + timedelta(days=3)
    with database.writing() as session:
        for customer_id in ("cust_123", "test_customer_new"):
            order = order_of(session.get_one(Customer, customer_id), ordered_at=ahead, currency="USD")
            session.add(order)
    services.rebuilding.rebuild()
    assert replace(services.fits.fit(by="test").parameters, version=now.version) == now

"""The suite of every provider, on the one that computes."""

from datetime import timedelta
from decimal import Decimal

import pytest

from providers.ports import Clock
from providers.statistical.provider import StatisticalProvider
from providers.statistics import OrderFact
from providers.testing.contract import ProviderContract
from providers.testing.fakes import RecordedOrders, make_host
from tests.providers.statistical.shops import fitted_on, shop


class TestStatistical(ProviderContract):
    @pytest.fixture
    def provider(self, clock: Clock) -> StatisticalProvider:
        today = clock.now().date()
        known = [
            OrderFact(day=today - timedelta(days=age), currency="EUR", total=Decimal(180))
            for age in (700, 610, 500, 410, 320, 300)
        ]
        orders = shop(today) | {self.known_id: known}
        source = RecordedOrders(orders, fitted=fitted_on(orders, today))
        return StatisticalProvider.from_host(make_host(clock=clock, statistics=source))

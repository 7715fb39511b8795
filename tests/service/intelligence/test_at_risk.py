"""Customers by revenue at risk, on both databases: the same as sorting all of them."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from providers.testing.clock import FakeClock
from service.database import Database
from service.intelligence.at_risk import CustomersAtRisk, RiskFilter, RiskPage
from service.intelligence.risk_classes import risk_columns
from tests.service.persistence.rows import customer, snapshot

PROVIDERS = ["first", "second"]
LEVELS = ["low", "high"]


@pytest.fixture
def at_risk(database: Database, clock: FakeClock) -> CustomersAtRisk:
    return CustomersAtRisk(database, lambda: PROVIDERS, clock, max_age_s=86_400)


def walk(at_risk: CustomersAtRisk, wanted: RiskFilter, limit: int = 15) -> list[tuple[str, str, Decimal]]:
    found, cursor = [], None
    while True:
        page = at_risk.listing(wanted, RiskPage.asked(page=None, limit=limit, cursor=cursor))
        found += [(row.customer_id, row.provider, row.revenue_at_risk) for row in page.rows]
        cursor = page.pagination.next_cursor
        if cursor is None:
            assert page.pagination.total == len(found)
            return found


def test_pages_are_those_of_all_in_order(
    database: Database, at_risk: CustomersAtRisk, clock: FakeClock
) -> None:
    random = Random(3)
    believed, customers, snapshots = [], [], []
    for number in range(60):
        who, known = f"c{number:02}", False
        customers.append(customer(id=who))
        for provider in [*PROVIDERS, "disabled"]:
            if random.random() < 0.3:
                continue
            risk = random.choice([None, 0.0, 0.05, 0.5, 0.55, round(random.random(), 3), 1.0])
            worth = random.choice([None, Decimal(0), Decimal(random.randrange(1, 900))])
            level, currency = random.choice(LEVELS), random.choice(["EUR", "USD", None])
            old = random.random() < 0.1
            at = clock.now() - timedelta(days=2 if old else 0)
            columns = risk_columns(risk, level, worth, currency)
            fields = {"churn_risk": risk, "churn_risk_level": level, "lifetime_value": worth}
            snapshots.append(
                snapshot(customers[-1], provider=provider, as_of=at, currency=currency, **fields, **columns)
            )
            if not old and not known and provider in PROVIDERS:
                known = True
                if columns["revenue_at_risk"] is not None:
                    key = (currency or "", -Decimal(str(columns["revenue_at_risk"])), who)
                    believed.append((key, who, provider, risk, level))
    with database.writing() as session:
        session.add_all(customers)
        session.flush()
        session.add_all(snapshots)
    for wanted in (
        RiskFilter(),
        RiskFilter(min_risk=0.5),
        RiskFilter(min_risk=0.52),
        RiskFilter(level="high", min_risk=0.05),
        RiskFilter(currency="EUR"),
        RiskFilter(level="unheard of"),
    ):
        those = [
            (who, provider)
            for key, who, provider, risk, level in sorted(
                sorted(believed, key=lambda one: one[1], reverse=True), key=lambda one: one[0][:2]
            )
            if (wanted.min_risk is None or (risk or 0) >= wanted.min_risk)
            and wanted.level in {None, level}
            and wanted.currency in {None, key[0] or None}
        ]
        assert [(who, provider) for who, provider, _ in walk(at_risk, wanted)] == those

"""With neither a key nor a list the desk computes from its own orders and contacts, and says from what."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.clock import SystemClock
from service.customer_base.parameters import LOOKED_AT_EVERY
from service.customer_base.services import CustomerBaseServices
from service.database import Database
from service.sample_data.loading import load
from service.testing.clock import MovableClock
from service.tickets.services import Ranking
from service.wiring import Substitutes
from tests.wire.desk import Desk, running_desk

CUSTOMERS = 120
NOTHING_LISTED = {"INTELLIGENCE_PROVIDERS": ""}


@pytest.fixture(scope="module")
def shop(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a shop's past, fitted; its tests change different customers."""
    directory = tmp_path_factory.mktemp("shop")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    environment = {"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")} | NOTHING_LISTED
    with running_desk(environment) as desk:
        fill(desk)
        desk.component(CustomerBaseServices).fits.fit(by="test")
        yield desk


def fill(desk: Desk) -> None:
    load(
        desk.component(Database),
        desk.component(Ranking),
        customers=CUSTOMERS,
        tickets=40,
        seed=1,
        now=SystemClock().now(),
    )


def told(desk: Desk, customer_id: str, what: str = "intelligence", **query: str) -> dict[str, Any]:
    answer = desk.get(f"/api/ai/customers/{customer_id}/{what}", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["provenance"]["provider"] == "statistical"
    assert told["provenance"]["degraded"] is False
    return told


def order(desk: Desk, external_id: str, customer_id: str, days_ago: float = 0, **fields: Any) -> None:
    at = (datetime.now(UTC) - timedelta(days=days_ago)).isoformat()
    body = {
        "external_id": external_id,
        "customer_id": customer_id,
        "ordered_at": at,
        "currency": "USD",
        "status": "paid",
        "total": 100,
        "lines": [{"title": "Kettle", "quantity": 1, "price": 100, "category": "kitchen"}],
    }
    assert desk.post("/api/orders", body | fields).status_code == 200


def test_the_desk_says_who_tells_and_why(shop: Desk) -> None:
    health = shop.get("/health").json()
    assert health["providers"] == ["statistical", "fallback"]
    assert health["providers_chosen_by"] == "no_key"
    assert health["features"] == {"ai_draft_generation": False, "customer_intelligence": True}


def test_facts_are_those_of_the_orders(shop: Desk) -> None:
    orders = shop.get("/api/customers/cust_123/orders", params={"limit": "100"}).json()["orders"]
    spent = sum(each["total"] - sum(back["amount"] for back in each["refunds"]) for each in orders)
    facts = told(shop, "cust_123")
    metrics = facts["behavioral_metrics"]
    assert metrics["total_orders"] == len(orders) == 12
    assert metrics["lifetime_value"] == pytest.approx(spent)
    assert metrics["avg_order_value"] == pytest.approx(spent / 12, abs=0.01)
    assert metrics["days_since_last_purchase"] in {15, 16}
    assert 0 < facts["predictions"]["churn_risk"] < 0.4
    assert facts["predictions"]["ltv_12mo"] > 0
    assert facts["currency"] == "USD"
    assert facts["archetype"]["segments"]["purchase_frequency"] == "monthly_shopper"
    for memberships in facts["archetype"]["memberships"].values():
        assert sum(memberships.values()) == pytest.approx(1, abs=0.01)
    assert 0 < facts["archetype"]["share"] <= 1


def test_an_answer_says_what_it_was_computed_from(shop: Desk) -> None:
    for what in ("intelligence", "churn", "ltv"):
        basis = told(shop, "cust_123", what)["basis"]
        assert basis["model"].startswith("mbg-nbd")
        assert basis["version"] == 1
        assert basis["data_from"] < basis["data_until"] <= datetime.now(UTC).date().isoformat()
        assert basis["confidence"] in {"normal", "low"}


def test_a_risk_comes_with_its_factors(shop: Desk) -> None:
    churn = told(shop, "cust_123", "churn")
    factors = churn["factors"]
    assert len(factors) == 3
    assert all(factor["typical"] is not None for factor in factors)
    assert all(0 <= factor["risk_if_typical"] <= 1 for factor in factors)
    assert churn["churn_risk_score"] == told(shop, "cust_123")["predictions"]["churn_risk"]


def test_a_forecast_has_its_interval(shop: Desk) -> None:
    forecast = told(shop, "cust_123", "ltv", horizon_months="6")
    interval = forecast["confidence_interval"]
    assert interval["lower"] <= forecast["forecasted_ltv"] <= interval["upper"]
    assert interval["confidence_level"] == 0.9
    assert forecast["forecasted_ltv"] < told(shop, "cust_123", "ltv", horizon_months="12")["forecasted_ltv"]


def test_an_order_changes_the_very_next_answer(shop: Desk) -> None:
    before = told(shop, "test_customer_low_ltv")
    order(shop, "W-1", "test_customer_low_ltv", currency="GBP")
    after = told(shop, "test_customer_low_ltv")
    assert after["behavioral_metrics"]["total_orders"] == before["behavioral_metrics"]["total_orders"] + 1
    assert after["behavioral_metrics"]["days_since_last_purchase"] == 0
    assert after["behavioral_metrics"]["lifetime_value"] == pytest.approx(
        before["behavioral_metrics"]["lifetime_value"] + 100
    )
    assert after["predictions"]["churn_risk"] < before["predictions"]["churn_risk"]


def test_a_refund_and_a_backdated_order_count_at_once(shop: Desk) -> None:
    order(shop, "R-1", "cust_refunds", days_ago=40)
    order(shop, "R-0", "cust_refunds", days_ago=400)
    back = {"external_id": "r", "at": datetime.now(UTC).isoformat(), "amount": 30}
    order(shop, "R-1", "cust_refunds", days_ago=40, refunds=[back])
    metrics = told(shop, "cust_refunds")["behavioral_metrics"]
    assert (metrics["total_orders"], metrics["lifetime_value"]) == (2, 170.0)
    assert metrics["customer_tenure_days"] == 400


def test_a_contact_counts_at_once(shop: Desk) -> None:
    order(shop, "C-1", "cust_calls", days_ago=3)
    for _ in range(5):
        shop.new_ticket("cust_calls", channel="phone")
    segments = told(shop, "cust_calls")["archetype"]["segments"]
    assert segments["communication_preference"] == "phone_caller"


def test_what_cannot_be_known_is_null_with_the_reason(shop: Desk) -> None:
    facts = told(shop, "test_customer_new")
    assert facts["predictions"] == {"churn_risk": None, "churn_risk_level": "unknown", "ltv_12mo": None}
    assert facts["basis"]["unknown"]["churn_risk"] == "no_orders"
    assert facts["basis"]["unknown"]["purchase_frequency"] == "no_orders"
    assert told(shop, "test_customer_new", "churn")["basis"]["unknown"] == {"churn_risk_score": "no_orders"}
    assert told(shop, "test_customer_new", "ltv")["forecasted_ltv"] is None


def test_amounts_of_two_currencies_are_not_added(shop: Desk) -> None:
    order(shop, "M-1", "cust_mixed", days_ago=30)
    order(shop, "M-2", "cust_mixed", currency="EUR")
    facts = told(shop, "cust_mixed")
    assert facts["behavioral_metrics"]["lifetime_value"] is None
    assert facts["behavioral_metrics"]["total_orders"] == 2
    assert facts["basis"]["unknown"]["ltv_12mo"] == "mixed_currency"
    assert facts["currency"] is None


def test_texts_come_with_the_figures(shop: Desk) -> None:
    draft = shop.get("/api/ai/tickets/ticket_123/draft-response").json()
    assert draft["provenance"]["provider"] == "fallback"
    assert draft["facts_provenance"]["provider"] == "statistical"
    assert draft["churn_risk"] == told(shop, "cust_123")["predictions"]["churn_risk"]


def test_the_operators_view_tells_the_fit(shop: Desk) -> None:
    fit = shop.get("/api/admin/providers/statistical").json()["fit"]
    in_use = fit["in_use"]
    assert in_use["version"] == 1
    assert in_use["adopted"] is True
    assert in_use["purchase"]["alpha"] > 0
    assert in_use["spend"]["currency"] == "USD"
    assert in_use["data_from"] < in_use["data_until"] <= in_use["as_of_day"]
    assert in_use["backtest"]["brier"] < in_use["backtest"]["base_brier"]
    assert len(in_use["backtest"]["deciles"]) == 10
    assert all(0 <= share <= 1 for share in in_use["unknown"].values())
    assert [each["version"] for each in fit["newest"]] == [1]
    assert shop.get("/api/admin/providers/fallback").json()["fit"] is None


def test_before_a_fit_the_reason_is_that(migrated_sqlite: Path, tmp_path: Path) -> None:
    """And each process goes by a fit of another one within seconds."""
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}"
    environment = {"DATABASE_URL": url, "LOG_FILE": str(tmp_path / "app.log")} | NOTHING_LISTED
    clock = MovableClock()
    with running_desk(environment, Substitutes(clock=clock)) as here, running_desk(environment) as elsewhere:
        fill(here)
        facts = told(here, "cust_123")
        assert facts["behavioral_metrics"]["total_orders"] == 12
        assert facts["basis"]["unknown"]["churn_risk"] == "not_fitted"
        elsewhere.component(CustomerBaseServices).fits.fit(by="test")
        clock.advance(LOOKED_AT_EVERY.total_seconds())
        assert told(here, "cust_123")["predictions"]["churn_risk"] is not None

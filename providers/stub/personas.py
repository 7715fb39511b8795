"""Made-up but steady customers: the same id is always the same person."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

CENT = Decimal("0.01")
YEAR_DAYS = 365

CHOSEN_BY_ID: Mapping[str, tuple[str, ...]] = {
    "category_exploration": ("explorer", "variety_seeker", "focused_buyer"),
    "price_sensitivity": ("full_price_buyer", "value_seeker", "deal_hunter"),
    "purchase_cadence": ("routine_buyer", "seasonal_shopper", "irregular"),
    "repurchase_behavior": ("highly_loyal", "moderate_repeater", "low_loyalty"),
    "return_behavior": ("never_returns", "occasional_returner", "frequent_returner"),
    "communication_preference": ("self_service", "email_preferred", "phone_caller"),
    "problem_complexity_profile": ("simple_questions", "moderate_issues", "complex_problems"),
    "product_knowledge": ("expert", "intermediate", "beginner"),
    "value_sophistication": ("value_aware", "feature_focused", "price_focused"),
}
"""Axes that no figure of the persona decides; the other four follow from its figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Figures that agree with each other. Of somebody who never bought, what purchases tell is None."""

    external_id: str
    total_orders: int
    avg_order_value: Decimal | None
    days_since_last_purchase: int | None
    tenure_days: int
    churn_risk: float | None

    @property
    def lifetime_value(self) -> Decimal:
        return ((self.avg_order_value or Decimal(0)) * self.total_orders).quantize(CENT)

    @property
    def orders_per_year(self) -> float:
        return self.total_orders * YEAR_DAYS / max(self.tenure_days, YEAR_DAYS)

    def value_of(self, months: int) -> Decimal | None:
        """What the coming months are worth: the yearly value so far, less what the churn risk takes."""
        if self.avg_order_value is None or self.churn_risk is None:
            return None
        orders = Decimal(str(round(self.orders_per_year * months / 12 * (1 - self.churn_risk), 6)))
        return (self.avg_order_value * orders).quantize(CENT)

    @property
    def segments(self) -> Mapping[str, str]:
        """Axis → segment, for the axes about which something can be said."""
        if self.avg_order_value is None:
            return {"customer_maturity": "new_customer"}
        chosen = {
            axis: names[int(_share(self.external_id, axis) * len(names))]
            for axis, names in CHOSEN_BY_ID.items()
        }
        return {
            "purchase_frequency": _frequency(self.orders_per_year),
            "purchase_value": _value(self.avg_order_value),
            "customer_maturity": _maturity(self.tenure_days),
            "loyalty_trajectory": _trajectory(self.churn_risk or 0),
            **chosen,
        }


def persona_of(external_id: str) -> Persona | None:
    """None for an unknown customer: `cust_unknown` and whatever begins so."""
    if external_id.startswith("cust_unknown"):
        return None
    return NAMED_CUSTOMERS.get(external_id) or _persona_by_chance(external_id)


NAMED_CUSTOMERS: Mapping[str, Persona] = {
    persona.external_id: persona
    for persona in (
        Persona(
            external_id="test_customer_low_ltv",
            total_orders=2,
            avg_order_value=Decimal("24.50"),
            days_since_last_purchase=240,
            tenure_days=410,
            churn_risk=0.85,
        ),
        Persona(
            external_id="test_customer_high_ltv",
            total_orders=48,
            avg_order_value=Decimal("182.25"),
            days_since_last_purchase=6,
            tenure_days=1460,
            churn_risk=0.08,
        ),
        Persona(
            external_id="test_customer_new",
            total_orders=0,
            avg_order_value=None,
            days_since_last_purchase=None,
            tenure_days=1,
            churn_risk=None,
        ),
        Persona(  # as the desk's sample data has this one, so that a first look shows figures that agree
            external_id="cust_123",
            total_orders=12,
            avg_order_value=Decimal("143.15"),
            days_since_last_purchase=15,
            tenure_days=456,
            churn_risk=0.18,
        ),
    )
}


def _persona_by_chance(external_id: str) -> Persona:
    tenure_days = 30 + int(_share(external_id, "tenure") * 1_500)
    per_year = 1 + 15 * _share(external_id, "frequency") ** 2
    silence = _share(external_id, "silence") ** 2
    return Persona(
        external_id=external_id,
        total_orders=max(1, round(per_year * tenure_days / YEAR_DAYS)),
        avg_order_value=Decimal(1_500 + int(_share(external_id, "value") ** 2 * 23_500)) * CENT,
        days_since_last_purchase=int(silence * tenure_days),
        tenure_days=tenure_days,
        churn_risk=round(0.03 + 0.75 * silence + 0.2 * _share(external_id, "mood"), 2),
    )


def _share(external_id: str, of: str) -> float:
    """Within [0, 1), the same on every machine."""
    digest = blake2b(f"{of}:{external_id}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def _frequency(orders_per_year: float) -> str:
    if orders_per_year >= 13:
        return "weekly_shopper"
    if orders_per_year >= 6:
        return "monthly_shopper"
    return "occasional_buyer" if orders_per_year >= 2 else "one_time_buyer"


def _value(avg_order_value: Decimal) -> str:
    if avg_order_value > 150:
        return "high_value"
    return "medium_value" if avg_order_value >= 50 else "low_value"


def _maturity(tenure_days: int) -> str:
    if tenure_days >= 2 * YEAR_DAYS:
        return "long_term_loyal"
    return "established" if tenure_days >= YEAR_DAYS / 2 else "new_customer"


def _trajectory(churn_risk: float) -> str:
    if churn_risk < 0.3:
        return "growing_engagement"
    return "stable" if churn_risk < 0.6 else "declining"

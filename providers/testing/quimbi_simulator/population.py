"""The simulator's customers: two printed in the contract, the test customers, and as many as are wanted.

Every generated figure follows from the seed and the customer's id alone.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from random import Random

from providers.testing.quimbi_simulator.axes import AXES
from providers.testing.quimbi_simulator.profiles import (
    ChurnDriver,
    CustomerProfile,
    Intervention,
    Row,
    level_of,
    to_cents,
)

FIRST_GENERATED_ID = 7003
NUMBER = re.compile(r"[1-9]\d{3,8}", re.ASCII)
DESK_CUSTOMER = re.compile(r"cust_\d+", re.ASCII)
EMPTY_CUSTOMER = re.compile(r"empty_\d+", re.ASCII)
BROKEN_CUSTOMER = re.compile(r"broken_\d+", re.ASCII)

LEVELS = ("L2", "l2", "strength", "dominant", "fuzzy")
EMPHASIS = {"full_price_buyer": "quality", "value_seeker": "loyalty", "deal_hunter": "value"}
AVOID = {"full_price_buyer": ("discounting",), "value_seeker": (), "deal_hunter": ("jargon",)}


class Population:
    """Customers by id. `cust_N`, `empty_N` and `broken_N` are known for every number N."""

    def __init__(self, *, count: int = 300, seed: int = 7) -> None:
        self._seed = seed
        self._generated_ids = range(FIRST_GENERATED_ID, FIRST_GENERATED_ID + count)
        self._named: dict[str, CustomerProfile] = dict(PRINTED)

    def find(self, customer_id: str) -> CustomerProfile | None:
        if customer_id in self._named:
            return self._named[customer_id]
        if DESK_CUSTOMER.fullmatch(customer_id) or self._is_generated(customer_id):
            return generated(customer_id, self._seed)
        if EMPTY_CUSTOMER.fullmatch(customer_id):
            return empty(customer_id)
        if BROKEN_CUSTOMER.fullmatch(customer_id):
            return replace(generated(customer_id, self._seed), row=Row.BROKEN)
        return None

    def _is_generated(self, customer_id: str) -> bool:
        return bool(NUMBER.fullmatch(customer_id)) and int(customer_id) in self._generated_ids

    def add(self, profile: CustomerProfile) -> None:
        self._named[profile.customer_id] = profile

    def somebody_else(self, customer_id: str) -> CustomerProfile:
        return self._named["7001" if customer_id != "7001" else "7002"]

    @property
    def ids(self) -> list[str]:
        return [*self._named, *map(str, self._generated_ids)]


@lru_cache(maxsize=4096)
def generated(customer_id: str, seed: int) -> CustomerProfile:
    random = Random(f"{seed}:{customer_id}")
    tenure_days = random.randint(20, 1500)
    orders = min(1 + int(random.expovariate(1 / 7)), 1 + tenure_days // 7)
    spent = to_cents(sum((_order_total(random) for _ in range(orders)), Decimal(0)))
    gap_days = tenure_days / orders
    lapse_days = int(gap_days * random.choice((1, 1, 2, 6)) * random.random())
    days_since = tenure_days if orders == 1 else min(tenure_days, lapse_days)
    churn_risk = _churn_risk(random, days_since, gap_days)
    shares = _memberships(random, _computed_segments(spent / orders, orders, tenure_days))
    price_sensitivity = max(shares["price_sensitivity"], key=shares["price_sensitivity"].__getitem__)
    archetype_id = _archetype_id(random, price_sensitivity)
    yearly = spent * 365 / max(tenure_days, 90) * Decimal(str(1 - churn_risk))
    return CustomerProfile(
        customer_id=customer_id,
        archetype_id=archetype_id,
        archetype_level=random.choice(LEVELS) if archetype_id else None,
        traits=(f"{EMPHASIS[price_sensitivity]}_focused",) if archetype_id else (),
        memberships=shares,
        lists_dominant=random.random() > 0.1,
        lifetime_value=spent,
        total_orders=orders,
        avg_order_value=to_cents(spent / orders),
        days_since_last_purchase=days_since,
        tenure_days=tenure_days,
        churn_risk=churn_risk,
        churn_level=level_of(churn_risk),
        drivers=_drivers(days_since, orders, churn_risk),
        interventions=_interventions(churn_risk),
        ltv_12mo=to_cents(yearly),
        tone=random.choice(("friendly_professional", "warm", "concise")),
        emphasis=(EMPHASIS[price_sensitivity],),
        avoid=AVOID[price_sensitivity],
    )


def empty(customer_id: str) -> CustomerProfile:
    return CustomerProfile(
        customer_id=customer_id,
        archetype_id=None,
        archetype_level=None,
        lifetime_value=Decimal(0),
        total_orders=0,
        avg_order_value=Decimal(0),
        days_since_last_purchase=None,
        tenure_days=None,
        churn_risk=0.0,
        churn_level="low",
        ltv_12mo=Decimal(0),
        row=Row.EMPTY,
    )


def _order_total(random: Random) -> Decimal:
    return Decimal(str(round(random.lognormvariate(math.log(70), 0.6), 2)))


def _churn_risk(random: Random, days_since: int, gap_days: float) -> float:
    lapsed = 1 - math.exp(-days_since / (2.5 * gap_days))
    return round(min(0.97, max(0.02, lapsed + random.uniform(-0.1, 0.1))), 2)


def _archetype_id(random: Random, price_sensitivity: str) -> str | None:
    number = random.randint(100, 999)
    spellings = (f"arch_{number}042", f"archetype_{number}", f"arch_{price_sensitivity}")
    return None if random.random() < 0.05 else random.choice(spellings)


def _computed_segments(avg_order_value: Decimal, orders: int, tenure_days: int) -> dict[str, int]:
    """Axis → index of the segment that the figures themselves decide."""
    per_year = orders * 365 / max(tenure_days, 365)
    return {
        "purchase_frequency": 3 if orders == 1 else 0 if per_year >= 13 else 1 if per_year >= 6 else 2,
        "purchase_value": 0 if avg_order_value > 150 else 1 if avg_order_value >= 50 else 2,
        "customer_maturity": 0 if tenure_days >= 730 else 1 if tenure_days >= 183 else 2,
    }


def _memberships(random: Random, computed: Mapping[str, int]) -> dict[str, dict[str, float]]:
    shares: dict[str, dict[str, float]] = {}
    for axis, segments in AXES.items():
        chosen = segments[computed.get(axis, random.randrange(len(segments)))]
        strongest = random.randint(55, 90)
        others = [segment for segment in segments if segment != chosen]
        split = _split(random, 100 - strongest, len(others))
        shares[axis] = {chosen: strongest / 100} | {
            segment: share / 100 for segment, share in zip(others, split, strict=True)
        }
    return shares


def _split(random: Random, total: int, parts: int) -> list[int]:
    cuts = sorted(random.randint(0, total) for _ in range(parts - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]


def _drivers(days_since: int, orders: int, churn_risk: float) -> tuple[ChurnDriver, ...]:
    lapse = ChurnDriver(factor="days_since_purchase", value=days_since, impact=round(churn_risk * 0.2, 2))
    habit_impact = round(0.1 * (1 - churn_risk), 2)
    habit = ChurnDriver(factor="order_count", value=orders, impact=habit_impact, direction="decreases_risk")
    return (lapse, habit) if orders > 1 else (lapse,)


def _interventions(churn_risk: float) -> tuple[Intervention, ...]:
    level = level_of(churn_risk)
    if level == "low":
        return ()
    action = "send_winback_email" if level == "high" else "send_check_in_email"
    return (
        Intervention(
            action=action,
            priority=level,
            expected_impact=0.12,
            timing="within_7_days" if level == "high" else "within_30_days",
            estimated_cost=Decimal("0.50"),
        ),
    )


_DEAL_HUNTER = CustomerProfile(
    customer_id="7001",
    archetype_id="arch_premium_deal_hunter",
    archetype_level="L2",
    traits=("value_focused",),
    memberships={
        "purchase_value": {"premium": 0.7, "medium_value": 0.3},
        "price_sensitivity": {"deal_hunter": 0.8, "value_seeker": 0.2},
    },
    lifetime_value=Decimal("892.5"),
    total_orders=12,
    avg_order_value=Decimal("74.38"),
    days_since_last_purchase=15,
    tenure_days=456,
    churn_risk=0.18,
    churn_level="low",
    drivers=_drivers(15, 12, 0.18),
    ltv_12mo=Decimal("450.0"),
    emphasis=("value",),
)

_LAPSED = CustomerProfile(
    customer_id="7002",
    archetype_id="arch_410042",
    archetype_level="l2",
    traits=("quality_focused",),
    memberships={"price_sensitivity": {"deal_hunter": 0.05, "value_seeker": 0.15, "full_price_buyer": 0.8}},
    lifetime_value=Decimal("640.4"),
    total_orders=6,
    avg_order_value=Decimal("106.73"),
    days_since_last_purchase=214,
    tenure_days=530,
    churn_risk=0.82,
    churn_level="high",
    drivers=(ChurnDriver(factor="days_since_purchase", value=214, impact=0.15),),
    interventions=_interventions(0.82),
    ltv_12mo=Decimal("1092.27"),
    emphasis=("quality",),
    avoid=("discounting",),
)

_LOW_LTV = replace(
    _LAPSED,
    customer_id="test_customer_low_ltv",
    lifetime_value=Decimal("38.9"),
    total_orders=1,
    avg_order_value=Decimal("38.9"),
    tenure_days=214,
    churn_risk=0.88,
    ltv_12mo=Decimal("9.4"),
)

_HIGH_LTV = replace(
    _DEAL_HUNTER,
    customer_id="test_customer_high_ltv",
    lifetime_value=Decimal("5240.0"),
    total_orders=42,
    avg_order_value=Decimal("124.76"),
    days_since_last_purchase=6,
    tenure_days=1280,
    churn_risk=0.06,
    drivers=_drivers(6, 42, 0.06),
    ltv_12mo=Decimal("1830.0"),
)

_NEW = replace(
    empty("test_customer_new"),
    archetype_id="arch_new_customer",
    archetype_level="fuzzy",
    memberships={"customer_maturity": {"new_customer": 1.0}},
    tenure_days=2,
    churn_risk=0.25,
    emphasis=("clarity",),
    row=Row.SOUND,
)

PRINTED = {profile.customer_id: profile for profile in (_DEAL_HUNTER, _LAPSED, _LOW_LTV, _HIGH_LTV, _NEW)}

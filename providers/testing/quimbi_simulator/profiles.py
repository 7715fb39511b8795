"""What the simulator holds true of one customer, whichever dialect tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

CENT = Decimal("0.01")

GUIDANCE = {
    "value": "Lead with value for money",
    "quality": "Speak of quality first",
    "loyalty": "Acknowledge their loyalty",
    "clarity": "Explain each step plainly",
}
RESTRAINT = {"discounting": "Do not offer discounts", "jargon": "Avoid product jargon"}


class Row(StrEnum):
    """How the customer's stored row reads: `EMPTY` is all nulls, `BROKEN` holds NaN and fails every call."""

    SOUND = "sound"
    EMPTY = "empty"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnDriver:
    """`impact` is a share of the churn risk, 0..1."""

    factor: str
    value: float
    impact: float
    direction: str = "increases_risk"

    @property
    def impact_in_words(self) -> str:
        if self.impact >= 0.12:
            return "high"
        return "medium" if self.impact >= 0.06 else "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    action: str
    priority: str
    expected_impact: float
    timing: str
    estimated_cost: Decimal

    @property
    def sentence(self) -> str:
        return f"{in_words(self.action)} {in_words(self.timing).lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerProfile:
    """`ltv_12mo` is the value of the coming 12 months, without `lifetime_value`, which is spent already.

    `memberships`: axis → segment → 0..1. `lists_dominant` is False where the deployed dialect leaves
    `dominant_segments` empty, so that only the memberships tell. A `BROKEN` row's figures are never told.
    """

    customer_id: str
    archetype_id: str | None
    archetype_level: str | None
    traits: tuple[str, ...] = ()
    memberships: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lists_dominant: bool = True
    lifetime_value: Decimal
    total_orders: int
    avg_order_value: Decimal
    days_since_last_purchase: int | None
    tenure_days: int | None
    churn_risk: float
    churn_level: str
    drivers: tuple[ChurnDriver, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    ltv_12mo: Decimal
    tone: str = "friendly_professional"
    emphasis: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    row: Row = Row.SOUND

    @property
    def dominant_segments(self) -> dict[str, str]:
        return {axis: max(shares, key=shares.__getitem__) for axis, shares in self.memberships.items()}

    @property
    def tier(self) -> str:
        if self.lifetime_value >= 600:
            return "high-value"
        return "mid-value" if self.lifetime_value >= 200 else "low-value"

    @property
    def guidance(self) -> list[str]:
        return [GUIDANCE[theme] for theme in self.emphasis] + [RESTRAINT[theme] for theme in self.avoid]

    @property
    def revenue_at_risk(self) -> Decimal:
        return to_cents(self.lifetime_value * Decimal(str(self.churn_risk)))

    def coming_value(self, months: int) -> Decimal:
        """Value of the coming `months`; each month brings the same share of the month before."""
        kept = (1 - min(self.churn_risk, 0.99)) ** (1 / 12)
        share = months / 12 if kept == 1 else (1 - kept**months) / (1 - kept**12)
        return to_cents(self.ltv_12mo * Decimal(share))

    def coming_bounds(self, months: int) -> tuple[Decimal, Decimal]:
        value = self.coming_value(months)
        return to_cents(value * Decimal("0.8")), to_cents(value * Decimal("1.25"))


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT)


def in_words(name: str) -> str:
    """`send_winback_email` → `Send winback email`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def level_of(churn_risk: float) -> str:
    """Quimbi's own scale: below 0.3 low, below 0.6 medium, else high."""
    if churn_risk < 0.3:
        return "low"
    return "medium" if churn_risk < 0.6 else "high"

"""By what customers at risk are found: classes of currency, churn risk and level, kept with snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from service.columns import MONEY_STEP

CENT = Decimal("0.01")
STEPS = 20
CURRENCY_LENGTH = 3
STEP_LENGTH = 2


@dataclass(frozen=True, slots=True)
class RiskClass:
    """`currency` is empty where it is unknown; `step`: twentieths of the churn risk, rounded down."""

    currency: str
    step: int
    level: str

    @property
    def text(self) -> str:
        return f"{self.currency:<{CURRENCY_LENGTH}}{self.step:0{STEP_LENGTH}}{self.level}"

    @classmethod
    def read(cls, kept: str) -> Self:
        end = CURRENCY_LENGTH + STEP_LENGTH
        return cls(kept[:CURRENCY_LENGTH].strip(), int(kept[CURRENCY_LENGTH:end]), kept[end:])


def risk_columns(
    churn_risk: float | None, level: str, lifetime_value: Decimal | None, currency: str | None
) -> Mapping[str, str | Decimal | None]:
    """Of a snapshot. Who has nothing to lose, or of whom it is not known, is not at risk."""
    if churn_risk is None or lifetime_value is None:
        return NOT_AT_RISK
    revenue = (Decimal(str(churn_risk)) * lifetime_value).quantize(MONEY_STEP)
    if revenue <= 0:
        return NOT_AT_RISK
    return {
        "revenue_at_risk": revenue,
        "risk_class": RiskClass(currency or "", step_of(churn_risk), level).text,
    }


def told_revenue(churn_risk: float, lifetime_value: Decimal) -> Decimal:
    """At risk, to the cent, wherever it is told; what is kept is finer, for the order."""
    return (Decimal(str(churn_risk)) * lifetime_value).quantize(CENT)


NOT_AT_RISK: Mapping[str, str | Decimal | None] = {"revenue_at_risk": None, "risk_class": None}


def step_of(churn_risk: float) -> int:
    return int(Decimal(str(churn_risk)) * STEPS)

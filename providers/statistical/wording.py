"""Figures as words."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from providers.models import AMOUNT_LIMIT
from providers.statistical.forecasting import Foreseen, RiskTold

CENT = Decimal("0.01")


def amount(value: float | Decimal) -> Decimal:
    """To the cent, within what an answer can hold."""
    exact = Decimal(value) if isinstance(value, float) else value
    inside = max(min(exact, AMOUNT_LIMIT - 1), 1 - AMOUNT_LIMIT)
    return inside.quantize(CENT, rounding=ROUND_HALF_EVEN)


def percent(probability: float) -> str:
    """Whole, but never a certainty that no model has."""
    if 0 < probability < 0.01:
        return "under 1 %"
    if 0.99 < probability < 1:
        return "over 99 %"
    return f"{probability:.0%}".replace("%", " %")


def interval(risk: RiskTold) -> str:
    return f"{percent(risk.low)} to {percent(risk.high)}"


def since(customer: Foreseen) -> str:
    """Since the last order."""
    return days(customer.as_of - (customer.statistics.last_day or customer.as_of))


def days(count: float) -> str:
    return "1 day" if count == 1 else f"{count:.0f} days"


def day(ordinal: int) -> date:
    return date.fromordinal(ordinal)

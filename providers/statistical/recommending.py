"""What to do next, by rules over the figures, each with the figures that justify it."""

from dataclasses import dataclass
from decimal import Decimal

from providers.models import ActionImpact, RecommendedAction, TicketContext
from providers.statistical.axes.reading import OnAxes
from providers.statistical.forecasting import Foreseen, RiskTold, ValueTold
from providers.statistical.wording import amount, interval, percent, since

HIGH_RISK = 0.6
SURE_ENOUGH = 0.5
WORTH_CARING = 3
"""Order days from which on a customer may be one of the shop's best."""
TROUBLE = frozenset(
    {
        "apology",
        "broken",
        "complaint",
        "damaged",
        "defect",
        "delay",
        "delayed",
        "escalation",
        "late",
        "lost",
        "missing",
        "refund",
        "return",
        "wrong",
    }
)
PRESSING = frozenset({"urgent", "high"})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at. `risk` over 90 days, `value` over 12 months; None where not told."""

    ticket: TicketContext
    customer: Foreseen
    axes: OnAxes
    risk: RiskTold | None
    value: ValueTold | None
    typical_risk: float | None


@dataclass(frozen=True, slots=True)
class AtRisk:
    """Churn times value, and the same of the value's interval."""

    expected: Decimal
    low: Decimal
    high: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.expected} {self.currency} ({self.low} to {self.high} in nine cases of ten)"


def revenue_at_risk(situation: Situation) -> AtRisk | None:
    risk, value = situation.risk, situation.value
    if risk is None or value is None:
        return None
    return AtRisk(
        expected=amount(risk.silent * value.expected),
        low=amount(risk.silent * value.low),
        high=amount(risk.silent * value.high),
        currency=value.currency,
    )


def actions(situation: Situation) -> tuple[RecommendedAction, ...]:
    """The most pressing first; empty where the figures ask for nothing."""
    rules = (_apology, _win_back, _care)
    found = [advice for advice in (rule(situation) for rule in rules) if advice is not None]
    at_risk = revenue_at_risk(situation)
    impact = ActionImpact(revenue_at_risk=at_risk.expected if at_risk else None)
    return tuple(
        RecommendedAction(action=action, priority=priority, reasoning=reasoning, estimated_impact=impact)
        for priority, (action, reasoning) in enumerate(found, start=1)
    )


Advice = tuple[str, str]


def _apology(situation: Situation) -> Advice | None:
    """For a ticket about something that went wrong, of somebody whose figures are known."""
    words = {word.strip(".,!?:;").casefold() for word in situation.ticket.subject[:500].split()}
    words |= {part for tag in situation.ticket.tags[:50] for part in tag[:100].casefold().split("_")}
    if not (words & TROUBLE or situation.ticket.priority in PRESSING):
        return None
    if not situation.customer.statistics.order_days:
        return None
    return "Apologise, and say by when it will be settled", _history(situation)


def _win_back(situation: Situation) -> Advice | None:
    risk, value = situation.risk, situation.value
    if risk is None or risk.silent < HIGH_RISK or situation.customer.statistics.order_days < 2:
        return None
    chance = f"{percent(risk.silent)} ({interval(risk)})"
    reasons = [f"No order within 90 days: {chance}, the last one {since(situation.customer)} ago."]
    if situation.typical_risk is not None:
        reasons.append(f"A typical repeat customer: {percent(situation.typical_risk)}.")
    at_risk = revenue_at_risk(situation)
    if at_risk is not None and value is not None:
        reasons.append(
            f"Of {amount(value.expected)} {value.currency} expected in 12 months {at_risk} at risk."
        )
    return "Win back: after this is settled, give a personal reason to come again", " ".join(reasons)


def _care(situation: Situation) -> Advice | None:
    """For those who spend, or come, more than most."""
    shares = situation.axes.memberships
    spends = shares.get("purchase_value", {}).get("high_value", 0.0)
    frequency = shares.get("purchase_frequency", {})
    comes = frequency.get("weekly_shopper", 0.0) + frequency.get("monthly_shopper", 0.0)
    if situation.axes.lapsed or situation.customer.statistics.order_days < WORTH_CARING:
        return None
    if max(spends, comes) < SURE_ENOUGH:
        return None
    return "Give this customer priority, and one contact who stays", _history(situation)


def _history(situation: Situation) -> str:
    statistics = situation.customer.statistics
    days = situation.customer.visits.t.item()
    orders = "1 order" if statistics.orders == 1 else f"{statistics.orders} orders"
    told = f"{orders} in {days:.0f} days"
    if not statistics.mixed_currency and statistics.currency:
        told += f", {amount(statistics.net_spend)} {statistics.currency} in all"
    if situation.value is not None:
        value = situation.value
        told += (
            f"; {amount(value.expected)} {value.currency} expected in the coming 12 months "
            f"({amount(value.low)} to {amount(value.high)} in nine cases of ten)"
        )
    return told + "."

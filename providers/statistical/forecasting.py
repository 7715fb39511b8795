"""What one customer will do: risk, and value with its interval; or why that is not told."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from providers.statistical import counting, knowing, spending
from providers.statistical.arrays import Purses, Visits
from providers.statistical.knowing import Confidence, Why
from providers.statistical.purchasing import Rates, risk
from providers.statistics import CustomerStatistics, ShopParameters

DAYS_A_MONTH = 365.25 / 12
INTERVAL_LEVEL = 0.9
LEAST_CHANCE = 1e-12


@dataclass(frozen=True, slots=True)
class RiskTold:
    """P(no order within the window), its 90 % interval, and the standard error of its logit."""

    silent: float
    low: float
    high: float
    spread: float
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class ValueTold:
    """What the coming orders come to: expectation, and a 90 % interval of the sum itself."""

    expected: float
    low: float
    high: float
    orders: float
    currency: str


@dataclass(frozen=True)
class Foreseen:
    """One customer as of a day (an ordinal). `newest`: the last day of which the desk knows orders."""

    statistics: CustomerStatistics
    parameters: ShopParameters | None
    as_of: int
    newest: int | None = None

    @cached_property
    def visits(self) -> Visits:
        return Visits.of(self.statistics, self.as_of)

    @cached_property
    def purses(self) -> Purses:
        return Purses.of(self.statistics)

    def risk(self, days: float) -> RiskTold | Why:
        if not self.statistics.order_days:
            return Why.NO_ORDERS
        unknown = knowing.of_shop(self.parameters, self.as_of, days)
        if unknown is not None or self.parameters is None or self.parameters.purchase is None:
            return unknown or Why.NOT_FITTED
        if self.newest is not None and self.as_of - self.newest > knowing.STALE_AFTER_DAYS:
            return Why.STALE_ORDERS
        told = risk(self.parameters.purchase, self.visits, days)
        if knowing.too_uncertain(told).item():
            return Why.TOO_UNCERTAIN
        low, high = told.interval
        return RiskTold(
            told.silent.item(), low.item(), high.item(), told.spread.item(), knowing.confidence(told)
        )

    def value(self, days: float) -> ValueTold | Why:
        told = self.risk(days)
        if isinstance(told, Why):
            return told
        unpriced = self.unpriced()
        if unpriced is not None or self.parameters is None or self.parameters.spend is None:
            return unpriced or Why.FEW_AMOUNTS
        if self.parameters.purchase is None:
            return Why.NOT_FITTED
        spread = spending.Spread.of(self.parameters.spend)
        mean = spending.mean_order(spread, self.purses).item()
        chances = counting.distribution(Rates.of(self.parameters.purchase), self.visits, days)
        chances[chances < LEAST_CHANCE] = 0
        orders = float(chances @ range(len(chances)))
        at_most = spending.total_at_most(chances, spread, self.purses)
        tail = (1 - INTERVAL_LEVEL) / 2
        return ValueTold(
            expected=orders * mean,
            low=spending.quantile(at_most, tail, orders * mean),
            high=spending.quantile(at_most, 1 - tail, orders * mean),
            orders=orders,
            currency=self.parameters.spend.currency,
        )

    def unpriced(self) -> Why | None:
        """What keeps amounts from being compared with the shop's."""
        spend = self.parameters.spend if self.parameters else None
        if self.statistics.mixed_currency:
            return Why.MIXED_CURRENCY
        if spend is None:
            return Why.FEW_AMOUNTS if self.parameters else Why.NOT_FITTED
        if self.statistics.currency != spend.currency:
            return Why.OTHER_CURRENCY
        if self.statistics.positive_days == 0:
            return Why.NO_POSITIVE_ORDER
        endless = spend.q + spend.p * self.statistics.positive_days <= 1
        return Why.TOO_UNCERTAIN if endless else None


def told_and_unknown(answers: Mapping[str, object | Why]) -> dict[str, str]:
    """Of several figures the reasons of those that are not told."""
    return {name: str(answer) for name, answer in answers.items() if isinstance(answer, Why)}

"""What an agent may say of a customer, and why. "Goes with", never "because": the model knows no causes."""

from collections.abc import Iterator
from datetime import date

from providers.statistical.axes.reading import PROXIES, on_axes
from providers.statistical.factors import NAMES, explain_risk
from providers.statistical.forecasting import DAYS_A_MONTH, Foreseen, RiskTold, ValueTold
from providers.statistical.guidance import guidance
from providers.statistical.knowing import Confidence
from providers.statistical.purchasing import Rates
from providers.statistical.wording import amount, days, interval, percent
from providers.statistics import CustomerStatistics, ShopParameters

WORDS = {
    "days_since_last_order": ("The last order is {} ago", days),
    "order_days": ("Orders on {}", days),
    "days_since_first_order": ("The first order is {} ago", days),
}
MENTIONED = 0.01


def explain(
    statistics: CustomerStatistics,
    parameters: ShopParameters | None,
    *,
    as_of: date,
    window_days: int = 90,
    newest_order_day: date | None = None,
) -> tuple[str, ...]:
    """Lines of plain text: figures, confidence, what they rest on, factors, axes, and what is not known."""
    newest = newest_order_day.toordinal() if newest_order_day else None
    customer = Foreseen(statistics, parameters, as_of.toordinal(), newest)
    risk = customer.risk(window_days)
    lines = [*_basis(parameters), *_risk(customer, window_days), *_value(customer), *_axes(customer)]
    advice = guidance(on_axes(customer), risk)
    return (*lines, *(f"May be done: {sentence}" for sentence in advice))


def _basis(parameters: ShopParameters | None) -> Iterator[str]:
    if parameters is None:
        yield "Nothing was fitted yet: intelligence fit."
        return
    first, last = date.fromordinal(parameters.first_day), date.fromordinal(parameters.last_day)
    yield (
        f"Computed with {parameters.model}, version {parameters.version}, from the orders of "
        f"{parameters.customers} customers, {first} to {last}."
    )


def _risk(customer: Foreseen, window_days: int) -> Iterator[str]:
    risk = customer.risk(window_days)
    if not isinstance(risk, RiskTold):
        yield f"No order within {days(window_days)}: not known ({risk})."
        return
    sure = "low, take it as a hint" if risk.confidence is Confidence.LOW else "normal"
    figure = f"{percent(risk.silent)} ({interval(risk)}; confidence: {sure})"
    yield f"No order within {days(window_days)}: {figure}."
    parameters = customer.parameters
    if parameters is None or parameters.purchase is None or parameters.typical is None:
        return
    told = explain_risk(Rates.of(parameters.purchase), customer.visits, parameters.typical, window_days)
    yield f"A typical repeat customer: {percent(told.typical_risk.item())}."
    rows = zip(NAMES, told.values, told.typical, told.impacts, told.risks_if_typical, strict=True)
    for name, value, typical, impact, otherwise in rows:
        sentence, unit = WORDS[name]
        weight = "which hardly matters"
        if abs(impact.item()) >= MENTIONED:
            weight = f"which goes with {100 * abs(impact.item()):.0f} points {_more_or_less(impact.item())}"
        yield (
            f"{sentence.format(unit(value.item()))} (typically {unit(typical)}), {weight}; "
            f"were it typical, the risk would be {percent(otherwise.item())}."
        )


def _more_or_less(impact: float) -> str:
    return "more risk" if impact > 0 else "less risk"


def _value(customer: Foreseen) -> Iterator[str]:
    value = customer.value(12 * DAYS_A_MONTH)
    if not isinstance(value, ValueTold):
        yield f"Value of the coming 12 months: not known ({value})."
        return
    yield (
        f"Value of the coming 12 months: {amount(value.expected)} {value.currency}, in nine cases of ten "
        f"between {amount(value.low)} and {amount(value.high)}; {value.orders:.1f} order days expected."
    )


def _axes(customer: Foreseen) -> Iterator[str]:
    axes = on_axes(customer)
    for axis, segment in axes.dominant.items():
        stands_in = ", a proxy" if axis in PROXIES else ""
        yield f"{axis}: {segment} ({percent(axes.memberships[axis][segment])}{stands_in})"
    for axis, why in axes.unknown.items():
        yield f"{axis}: not known ({why})"
    if axes.lapsed:
        yield "Has not ordered for more than a year."

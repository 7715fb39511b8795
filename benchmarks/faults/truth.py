"""Which numbers may be told of a customer: those that the simulator holds true, and no other."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from typing import Any

from benchmarks.faults.samples import Sample
from providers.testing.quimbi_simulator.population import Population
from tests.wire.cases import numbers_in

HORIZON_MONTHS = 12
TOLERANCE = 0.006
"""Amounts are told in cents."""

_population = Population()


def invented(sample: Sample) -> list[tuple[str, float]]:
    """Field and number of whatever an answer tells that is not true of its customer."""
    true = _true_numbers(sample.customer_id)
    return [
        (name, number)
        for name, number in numbers_in(sample.answer)
        if not any(abs(number - fact) <= TOLERANCE for fact in true)
    ]


def tells_facts(sample: Sample) -> bool:
    """Whether it tells the true lifetime value and churn risk of its customer, and nothing that is untrue."""
    profile = _population.find(sample.customer_id)
    answer = sample.answer
    if sample.status != 200 or profile is None or "predictions" not in answer:
        return False
    told = (answer["behavioral_metrics"]["lifetime_value"], answer["predictions"]["churn_risk"])
    return told == (float(profile.lifetime_value), profile.churn_risk) and not invented(sample)


@cache
def _true_numbers(customer_id: str) -> frozenset[float]:
    profile = _population.find(customer_id)
    if profile is None:
        return frozenset()
    bounds = profile.coming_bounds(HORIZON_MONTHS)
    derived = [profile.coming_value(HORIZON_MONTHS), *bounds, profile.revenue_at_risk]
    return frozenset([*_numbers(asdict(profile)), *map(float, derived)])


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for nested in value.values():
            yield from _numbers(nested)
    elif isinstance(value, list | tuple):
        for nested in value:
            yield from _numbers(nested)
    elif not isinstance(value, str | bool) and value is not None:
        yield float(value)

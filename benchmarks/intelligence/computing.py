"""What a fit and scoring take, each size in a process of its own, so that its peak memory is its own."""

import json
import resource
import statistics as averages
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

from providers.deadline import Deadline
from providers.models import AnalysisRequest, ChurnRequest, CustomerRef, LtvRequest
from providers.ports import Clock
from providers.statistical.provider import StatisticalProvider
from providers.statistics import CustomerStatistics, OrderFact, ShopParameters, summarise

T = TypeVar("T")
TOTAL = Decimal("49.90")
MEGABYTE = 1024
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of CPU, and megabytes of the process before and at its peak.

    `read_s`: until the columns are arrays.
    """

    customers: int
    read_s: float
    fit_s: float
    risk_s: float
    risk_interval_s: float
    factors_s: float
    churn_one_s: float
    analysis_one_s: float
    value_one_s: float
    idle_mb: float
    peak_mb: float


def measured(customers: int) -> Figures:
    """Raises `CalledProcessError` where the process failed."""
    command = [sys.executable, "-m", "benchmarks.intelligence.computing", str(customers)]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # the module itself
    return Figures(**json.loads(told.stdout))


def measure(customers: int) -> Figures:
    from benchmarks.intelligence.population import AS_OF, parts  # noqa: PLC0415  # after the idle memory
    from providers.statistical.arrays import gather  # noqa: PLC0415  # as above
    from providers.statistical.factors import explain_risk  # noqa: PLC0415  # as above
    from providers.statistical.fitting import fit  # noqa: PLC0415  # as above
    from providers.statistical.purchasing import Rates, risk, silence  # noqa: PLC0415  # as above

    idle_mb = peak_mb()
    made = list(parts(customers))
    shoppers, read_s = timed(lambda: gather(made, AS_OF))
    fitted, both_s = timed(lambda: fit(made, as_of=date.fromordinal(AS_OF)))
    if shoppers is None or fitted.purchase is None or fitted.typical is None:
        raise ValueError(f"{customers} customers are too few to be fitted")
    rates, purchase, typical = Rates.of(fitted.purchase), fitted.purchase, fitted.typical
    visits = shoppers.visits
    alone = One(fitted)
    return Figures(
        customers=customers,
        read_s=read_s,
        fit_s=both_s - read_s,
        risk_s=best(lambda: silence(rates, visits, 90.0)),
        risk_interval_s=best(lambda: risk(purchase, visits, 90.0).interval),
        factors_s=best(lambda: explain_risk(rates, visits, typical, 90.0)),
        churn_one_s=alone.churn_s(),
        analysis_one_s=alone.analysis_s(),
        value_one_s=alone.value_s(),
        idle_mb=idle_mb,
        peak_mb=peak_mb(),
    )


class One:
    """One customer, asked of the provider; the host's read costs nothing here."""

    def __init__(self, fitted: ShopParameters) -> None:
        self._fitted = fitted
        self._today = date.fromordinal(fitted.as_of)
        days = (400, 330, 290, 200, 120, 80, 30)
        self._known = summarise(
            OrderFact(day=date.fromordinal(fitted.as_of - age), currency="EUR", total=TOTAL) for age in days
        )
        self._clock = Standing(datetime(self._today.year, self._today.month, self._today.day, tzinfo=UTC))
        self._provider = StatisticalProvider(self, self._clock)

    def statistics_of(self, customer_id: str, *, as_of: date) -> CustomerStatistics:
        return self._known

    def parameters(self) -> ShopParameters:
        return self._fitted

    def newest_order_day(self) -> date:
        return self._today

    def churn_s(self) -> float:
        request = ChurnRequest(CustomerRef("one"))
        return each(lambda: self._provider.predict_churn(request, self._deadline()))

    def analysis_s(self) -> float:
        request = AnalysisRequest(CustomerRef("one"))
        return each(lambda: self._provider.analyze(request, self._deadline()))

    def value_s(self) -> float:
        request = LtvRequest(CustomerRef("one"))
        return each(lambda: self._provider.forecast_ltv(request, self._deadline()))

    def _deadline(self) -> Deadline:
        return Deadline.after(10, self._clock)


class Standing(Clock):
    """A clock that stands still."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


def timed(work: Callable[[], T]) -> tuple[T, float]:
    began_s = time.process_time()
    made = work()
    return made, time.process_time() - began_s


def best(work: Callable[[], object], rounds: int = 5) -> float:
    return min(timed(work)[1] for _ in range(rounds))


def each(work: Callable[[], object]) -> float:
    """The median of many."""
    work()
    return averages.median(timed(work)[1] for _ in range(ROUNDS))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1])))))

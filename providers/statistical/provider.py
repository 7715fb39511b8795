"""The provider that computes. numpy and scipy are loaded by the first question, not by its start."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from providers.deadline import Deadline
from providers.errors import CustomerNotFound, ProviderError, TimedOut
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import (
    AnalysisRequest,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    LtvForecast,
    LtvRequest,
    Provenance,
    Recommendation,
    RecommendationRequest,
    Source,
)
from providers.ports import Clock, ProviderHost, StatisticsSource
from providers.statistics import CustomerStatistics

if TYPE_CHECKING:
    from providers.statistical.answering import Answering


class StatisticalProvider(IntelligenceProvider):
    """Knows the desk's customers by their own ids."""

    name = "statistical"
    display_name = "Statistical"

    def __init__(self, statistics: StatisticsSource | None, clock: Clock) -> None:
        self._statistics = statistics
        self._clock = clock

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        return cls(host.statistics, host.clock)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({Capability.ANALYZE, Capability.CHURN, Capability.LTV, Capability.RECOMMEND})

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        """Reads the parameters, unless there is no time; that none are fitted yet is no fault."""
        try:
            if self._statistics is not None and deadline.remaining_s > 0:
                self._statistics.parameters()
        except ProviderError as error:
            return ProviderHealth.failed(error)
        return ProviderHealth(connection=Connection.CONNECTED)

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        return self._about(request.customer, deadline).analysis(request)

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        return self._about(request.customer, deadline).churn(request)

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        return self._about(request.customer, deadline).forecast(request)

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        return self._about(request.customer, deadline).recommendation(request)

    def _about(self, customer: CustomerRef, deadline: Deadline) -> "Answering":
        """Raises `CustomerNotFound`, `TimedOut`, or what the host's source raises."""
        if deadline.remaining_s <= 0:
            raise TimedOut("the deadline passed")
        now = self._clock.now()
        known = None
        if self._statistics is not None:
            known = self._statistics.statistics_of(customer.known_as(self.name), as_of=now.date())
        if self._statistics is None or known is None:
            raise CustomerNotFound
        return self._answering(self._statistics, known, now)

    def _answering(self, source: StatisticsSource, known: CustomerStatistics, now: datetime) -> "Answering":
        from providers.statistical.answering import Answering  # noqa: PLC0415  # it loads numpy and scipy
        from providers.statistical.forecasting import Foreseen  # noqa: PLC0415  # as above

        newest = source.newest_order_day()
        customer = Foreseen(
            statistics=known,
            parameters=source.parameters(),
            as_of=now.date().toordinal(),
            newest=newest.toordinal() if newest else None,
        )
        provenance = Provenance(provider=self.name, source=Source.FRESH, as_of=now)
        return Answering(customer, provenance)

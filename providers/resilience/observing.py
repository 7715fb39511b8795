"""Every attempt at a provider, seen from outside."""

import structlog

from providers.errors import CustomerNotFound, ProviderError
from providers.interface import IntelligenceProvider
from providers.models import Reason
from providers.ports import CallObserver, CallRecord, Clock, Outcome
from providers.resilience.wrapping import A, Call, Wrapper

log = structlog.get_logger(__name__)


class Observed(Wrapper):
    """One record and one log event per attempt; that the customer is unknown is an answer."""

    def __init__(self, inner: IntelligenceProvider, *, observer: CallObserver, clock: Clock) -> None:
        super().__init__(inner)
        self._observer = observer
        self._clock = clock

    def around(self, call: Call[A]) -> A:
        started_s = self._clock.monotonic()
        try:
            answer = call.on(self.inner)
        except CustomerNotFound:
            self._record(call, started_s, None)
            raise
        except ProviderError as error:
            self._record(call, started_s, error.reason)
            raise
        self._record(call, started_s, None)
        return answer

    def _record(self, call: Call[A], started_s: float, reason: Reason | None) -> None:
        record = CallRecord(
            provider=self.name,
            capability=call.capability,
            outcome=Outcome.ANSWERED if reason is None else Outcome.FAILED,
            reason=reason,
            duration_s=self._clock.monotonic() - started_s,
            at=self._clock.now(),
        )
        self._observer.called(record)
        (log.info if reason is None else log.warning)(
            "provider_call",
            service=self.display_name,
            provider=record.provider,
            capability=record.capability,
            outcome=record.outcome,
            reason=record.reason,
            duration_ms=round(record.duration_s * 1000, 1),
        )

"""What was once learnt is never lost to an outage."""

from dataclasses import replace
from datetime import timedelta

from providers.errors import ProviderError
from providers.interface import IntelligenceProvider
from providers.models import FACTS, Provenance, Reason, Source
from providers.ports import Clock, SnapshotStore, ToggleSource
from providers.resilience.wrapping import A, Call, Wrapper


class LastKnownGood(Wrapper):
    """Facts only: fresh ones are written through, and served as stale where there are none to be had."""

    def __init__(
        self,
        inner: IntelligenceProvider,
        *,
        snapshots: SnapshotStore,
        toggles: ToggleSource,
        max_age_s: float,
        clock: Clock,
    ) -> None:
        super().__init__(inner)
        self._snapshots = snapshots
        self._toggles = toggles
        self._max_age = timedelta(seconds=max_age_s)
        self._clock = clock

    def around(self, call: Call[A]) -> A:
        if call.capability not in FACTS:
            return call.on(self.inner)
        try:
            answer = call.on(self.inner)
        except ProviderError as error:
            stale = self._stale(call, error.reason)
            if stale is None:
                raise
            return stale
        if answer.provenance.degraded:
            return self._stale(call, answer.provenance.reason) or answer
        if _is_news(answer.provenance):
            self._snapshots.keep(call.capability, call.request, answer)
        return answer

    def _stale(self, call: Call[A], why: Reason | None) -> A | None:
        snapshot = self._snapshots.latest(
            call.capability,
            call.request,
            providers=self._toggles.enabled(),
            not_before=self._clock.now() - self._max_age,
        )
        if snapshot is None:
            return None
        reason = why if snapshot.known else Reason.UNKNOWN_CUSTOMER
        provenance = replace(snapshot.provenance, source=Source.STALE, degraded=False, reason=reason)
        stale: A = replace(snapshot, provenance=provenance)  # type: ignore[assignment]  # kept per capability
        return stale


def _is_news(provenance: Provenance) -> bool:
    return provenance.source is Source.FRESH and not provenance.degraded

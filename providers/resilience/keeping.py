"""What a provider freshly said of a customer is kept beyond any cache."""

from providers.interface import IntelligenceProvider
from providers.models import FACTS, Provenance, Source
from providers.ports import Clock, SnapshotStore
from providers.resilience.wrapping import A, Call, Wrapper


class Keeping(Wrapper):
    """Facts only. Inside the single flight, so that an answer is written once however many wait for it."""

    def __init__(self, inner: IntelligenceProvider, *, snapshots: SnapshotStore, clock: Clock) -> None:
        super().__init__(inner)
        self._snapshots = snapshots
        self._clock = clock

    def around(self, call: Call[A]) -> A:
        if call.capability not in FACTS:
            return call.on(self.inner)
        asked_at = self._clock.now()
        answer = call.on(self.inner)
        if _is_news(answer.provenance):
            self._snapshots.keep(call.capability, call.request, answer, asked_at=asked_at)
        return answer


def _is_news(provenance: Provenance) -> bool:
    return provenance.source is Source.FRESH and not provenance.degraded

"""Which of the kept facts to serve, and whether somebody should be asked anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic

from providers.models import Answer, Capability, Reason, Source
from providers.ports import Clock, Snapshot, SnapshotStore
from providers.resilience.wrapping import A, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Generic[A]):
    """Facts to serve. `current_s`: seconds for which nobody need be asked anew, 0 where that is overdue."""

    answer: A
    current_s: float

    def as_stale(self, why: Reason | None) -> A:
        """`why`: what keeps newer ones away, None where nothing is known to."""
        reason = why if self.answer.known else Reason.UNKNOWN_CUSTOMER
        return _told(self.answer, Source.STALE, reason)

    def as_current(self) -> A:
        return _told(self.answer, Source.CACHE, self.answer.provenance.reason)


def _told(answer: A, source: Source, reason: Reason | None) -> A:
    return replace(
        answer, provenance=replace(answer.provenance, source=source, degraded=False, reason=reason)
    )


class HeldFacts:
    """`asked`: names of the enabled providers of a capability, in the order in which they are asked.

    A provider that knows the customer goes before one that does not, else the first in order. Facts are
    current within their capability's `ttl_s`, unless a provider asked earlier may know better.
    """

    def __init__(
        self,
        snapshots: SnapshotStore,
        *,
        asked: Callable[[Capability], Sequence[str]],
        ttl_s: Mapping[Capability, int],
        max_age_s: float,
        clock: Clock,
    ) -> None:
        self._snapshots = snapshots
        self._asked = asked
        self._ttl_s = ttl_s
        self._max_age = timedelta(seconds=max_age_s)
        self._clock = clock

    def best(self, call: Call[A]) -> Held[A] | None:
        now, asked = self._clock.now(), self._asked(call.capability)
        snapshots = self._snapshots.held(
            call.capability, call.request, providers=asked, not_before=now - self._max_age
        )
        if not snapshots:
            return None
        chosen = min(snapshots, key=lambda snapshot: not snapshot.answer.known)
        current_s = min(
            self._current_s(each, snapshots, call.capability, now) for each in _deciding(asked, chosen.answer)
        )
        answer: A = chosen.answer  # type: ignore[assignment]  # kept per capability
        return Held(answer=answer, current_s=current_s)

    def _current_s(
        self, provider: str, snapshots: Sequence[Snapshot], capability: Capability, now: datetime
    ) -> float:
        for snapshot in snapshots:
            provenance = snapshot.answer.provenance
            if provenance.provider == provider and not snapshot.outdated:
                age_s = max(0.0, (now - provenance.as_of).total_seconds())
                return max(0.0, self._ttl_s[capability] - age_s)
        return 0.0


def _deciding(asked: Sequence[str], chosen: Answer) -> Sequence[str]:
    """Whose word the choice rests on: up to the one who knows, or everybody where nobody does."""
    return asked[: asked.index(chosen.provenance.provider) + 1] if chosen.known else asked

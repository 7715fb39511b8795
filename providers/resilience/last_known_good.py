"""A known customer never waits: what was once learnt is served at once, and brought up to date behind it."""

from collections.abc import Callable, Mapping, Sequence

from providers.errors import ProviderError
from providers.interface import IntelligenceProvider
from providers.models import FACTS, Capability, Reason
from providers.resilience.caching import Cached
from providers.resilience.held_facts import HeldFacts
from providers.resilience.refreshing import Refresher
from providers.resilience.wrapping import A, Call, Wrapper


class LastKnownGood(Wrapper):
    """Facts only, and only of providers with a cache: one without is quick, or wants to be asked.

    `caches` by provider; `asked`: who offers a capability, in the order in which they are asked.
    """

    def __init__(
        self,
        inner: IntelligenceProvider,
        *,
        caches: Mapping[str, Cached],
        asked: Callable[[Capability], Sequence[str]],
        facts: HeldFacts,
        refresher: Refresher,
    ) -> None:
        super().__init__(inner)
        self._caches = caches
        self._asked = asked
        self._facts = facts
        self._refresher = refresher

    def around(self, call: Call[A]) -> A:
        asked = self._asked(call.capability)
        if call.capability not in FACTS or not asked or asked[0] not in self._caches:
            return self.wait_for(call)
        return self._cached(call, asked) or self._held(call) or self.wait_for(call)

    def wait_for(self, call: Call[A]) -> A:
        """Ask the providers; what is known is served only where they do not answer."""
        try:
            answer = call.on(self.inner)
        except ProviderError as error:
            stale = self._instead(call, error.reason)
            if stale is None:
                raise
            return stale
        if answer.provenance.degraded:
            return self._instead(call, answer.provenance.reason) or answer
        return answer

    def close(self) -> None:
        self._refresher.close()
        super().close()

    def _cached(self, call: Call[A], asked: Sequence[str]) -> A | None:
        """None as soon as one has to be asked: a later one's answer is not the first to be had."""
        unknown: A | None = None
        for name in asked:
            cache = self._caches.get(name)
            answer = cache.peek(call) if cache else None
            if answer is None:
                return None
            if answer.known:
                return answer
            unknown = unknown or answer
        return unknown

    def _held(self, call: Call[A]) -> A | None:
        held = self._facts.best(call)
        if held is None:
            return None
        if held.current_s > 0:
            cache = self._caches.get(held.answer.provenance.provider)
            if cache:
                cache.keep(call, held.answer, within_s=held.current_s)
            return held.as_current()
        return held.as_stale(self._refresher.want(call))

    def _instead(self, call: Call[A], why: Reason | None) -> A | None:
        if call.capability not in FACTS:
            return None
        held = self._facts.best(call)
        return held.as_stale(why) if held else None


class Awaiting(Wrapper):
    """The same, for those who would rather wait for fresh facts than have the known ones at once."""

    def __init__(self, inner: LastKnownGood) -> None:
        super().__init__(inner)
        self._wait_for = inner.wait_for

    def around(self, call: Call[A]) -> A:
        return self._wait_for(call)

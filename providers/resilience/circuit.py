"""A provider that fails is left alone for a while, capability by capability."""

from collections.abc import Callable, Mapping

import pybreaker
import structlog

from providers.errors import CustomerNotFound, ProviderError
from providers.interface import IntelligenceProvider
from providers.models import FACTS, Answer, Capability
from providers.ports import Clock
from providers.resilience.breaker import Breaker, CircuitSettings, CircuitState, Permit, Verdict
from providers.resilience.retrying import Waits
from providers.resilience.wrapping import A, Call, Wrapper

log = structlog.get_logger(__name__)


class Circuit(Wrapper):
    """One breaker per capability: a provider whose texts fail may well have its facts."""

    def __init__(
        self,
        inner: IntelligenceProvider,
        *,
        settings: CircuitSettings,
        waits: Waits,
        clock: Clock,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        """`opened` is told of each opening by our own failures; it must neither wait nor raise."""
        super().__init__(inner)
        self._settings = settings
        self._waits = waits
        self._clock = clock
        self._opened = opened
        self._breakers = {capability: Breaker(settings, clock) for capability in Capability}

    def around(self, call: Call[A]) -> A:
        permit = self._breakers[call.capability].admit()
        verdict = Verdict.SAYS_NOTHING
        started_s = self._working_s()
        try:
            answer = call.on(self.inner)
            verdict = self._judge(answer, call.capability, self._working_s() - started_s)
        except CustomerNotFound:
            verdict = Verdict.UNKNOWN_CUSTOMER
            raise
        except ProviderError as error:
            verdict = Verdict.FAILED if error.trips_circuit else Verdict.SAYS_NOTHING
            raise
        finally:
            self._settle(call, permit, verdict)
        return answer

    def states(self) -> Mapping[Capability, CircuitState]:
        return {capability: self._breakers[capability].state() for capability in sorted(self.capabilities)}

    def hint_open(self, capability: Capability, left_s: float) -> bool:
        """Another process has opened this circuit; whether ours is open for that reason now."""
        taken = self._breakers[capability].hint_open(left_s)
        if taken:
            log.info(
                "circuit_opened_by_hint",
                service=self.display_name,
                provider=self.name,
                capability=capability,
                left_s=round(left_s, 1),
            )
        return taken

    def reset(self) -> None:
        for breaker in self._breakers.values():
            breaker.reset()

    def _settle(self, call: Call[A], permit: Permit, verdict: Verdict) -> None:
        before, after = self._breakers[call.capability].settle(permit, call.request.customer.id, verdict)
        if before.name == after.name:
            return
        opened = after.name == pybreaker.STATE_OPEN
        (log.warning if opened else log.info)(
            "circuit_opened" if opened else "circuit_closed",
            service=self.display_name,
            provider=self.name,
            capability=call.capability,
            failure_rate=round(before.failure_rate, 2),
        )
        if opened:
            self._opened()

    def _working_s(self) -> float:
        return self._clock.monotonic() - self._waits.total_s

    def _judge(self, answer: Answer, capability: Capability, took_s: float) -> Verdict:
        slow_s = self._settings.slow_facts_s if capability in FACTS else self._settings.slow_texts_s
        if took_s > slow_s:
            return Verdict.SLOW
        return Verdict.ANSWERED if answer.known else Verdict.UNKNOWN_CUSTOMER

"""What a provider of something remote makes of its faults."""

import time
from collections.abc import Callable, Mapping

import pytest

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection, IntelligenceProvider
from providers.models import FACTS, Capability, CustomerRef, Reason
from providers.ports import Clock
from providers.testing.breakage import RETRY_AFTER_S, Breakage
from providers.testing.contract.asking import EVERY_CAPABILITY, Asking, must_raise

PATIENCE_S = 0.2
"""The deadline where waiting for it is the only way out; generous grace, since machines are busy."""
GRACE_S = 1.0


BreakUpstream = Callable[[Breakage], None]

EXPECTED: Mapping[Breakage, type[errors.ProviderError]] = {
    Breakage.HANG: errors.TimedOut,
    Breakage.DRIP: errors.TimedOut,
    Breakage.DRIP_HEADERS: errors.TimedOut,
    Breakage.CUT: errors.Unreachable,
    Breakage.SERVER_ERROR: errors.UpstreamError,
    Breakage.KEY_REFUSED: errors.AccessRefused,
    Breakage.RATE_LIMITED: errors.RateLimited,
    Breakage.REQUEST_REFUSED: errors.RequestRefused,
    Breakage.REDIRECT: errors.InvalidAnswer,
    Breakage.TRUNCATED: errors.InvalidAnswer,
    Breakage.GARBAGE: errors.InvalidAnswer,
    Breakage.EMPTY_BODY: errors.InvalidAnswer,
    Breakage.HUGE: errors.InvalidAnswer,
}
WAITED_OUT = frozenset({Breakage.HANG, Breakage.DRIP, Breakage.DRIP_HEADERS})
"""Where only the deadline ends the call."""

ON_FACTS_ONLY: Mapping[Breakage, type[errors.ProviderError]] = {
    Breakage.NOT_A_NUMBER: errors.InvalidAnswer,
    Breakage.OTHER_CUSTOMER: errors.InvalidAnswer,
}


class RemoteContract(Asking):
    def worth_waiting_s(self, breakage: Breakage) -> float:
        return PATIENCE_S if breakage in WAITED_OUT else self.answer_within_s

    @pytest.fixture
    def break_upstream(self) -> BreakUpstream:
        """Call `pytest.skip` in it for what your upstream cannot be made to do."""
        raise NotImplementedError(
            "give your test class a fixture `break_upstream` that returns a function of a `Breakage`; "
            "where your upstream speaks HTTP, subclass `HttpProviderContract` instead"
        )

    @EVERY_CAPABILITY
    @pytest.mark.parametrize("breakage", EXPECTED, ids=str)
    def test_a_fault_becomes_its_class_in_time(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        breakage: Breakage,
        known_customer: CustomerRef,
        break_upstream: BreakUpstream,
        clock: Clock,
        secrets: tuple[str, ...],
    ) -> None:
        self.offered(provider, capability)
        break_upstream(breakage)
        within_s = self.worth_waiting_s(breakage)
        started_s = time.monotonic()
        with must_raise(EXPECTED[breakage], f"when the upstream does this: {breakage}") as raised:
            self.put(provider, capability, known_customer, Deadline.after(within_s, clock))
        assert time.monotonic() - started_s < within_s + GRACE_S, (
            "the deadline bounds the whole call, not each read of the socket"
        )
        told = f"{raised.error} {raised.error!r} {raised.error.__cause__!r}"
        assert not [secret for secret in secrets if secret in told], "an error's message holds a key"

    @pytest.mark.parametrize("capability", sorted(FACTS), ids=str)
    @pytest.mark.parametrize("breakage", ON_FACTS_ONLY, ids=str)
    def test_a_fact_that_cannot_be_believed_is_refused(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        breakage: Breakage,
        known_customer: CustomerRef,
        break_upstream: BreakUpstream,
        deadline: Deadline,
    ) -> None:
        self.offered(provider, capability)
        break_upstream(breakage)
        with must_raise(ON_FACTS_ONLY[breakage], f"when the upstream does this: {breakage}"):
            self.put(provider, capability, known_customer, deadline)

    def test_a_draft_without_a_word_is_refused(
        self,
        provider: IntelligenceProvider,
        known_customer: CustomerRef,
        break_upstream: BreakUpstream,
        deadline: Deadline,
    ) -> None:
        self.offered(provider, Capability.DRAFT)
        break_upstream(Breakage.EMPTY_TEXT)
        with must_raise(errors.InvalidAnswer, "for a draft without a word"):
            self.put(provider, Capability.DRAFT, known_customer, deadline)

    def test_the_pause_it_asks_for_is_passed_on(
        self,
        provider: IntelligenceProvider,
        known_customer: CustomerRef,
        break_upstream: BreakUpstream,
        deadline: Deadline,
    ) -> None:
        break_upstream(Breakage.RATE_LIMITED)
        capability = min(provider.capabilities)
        with must_raise(
            errors.RateLimited, "with retry_after_s when the upstream asks for a pause"
        ) as raised:
            self.put(provider, capability, known_customer, deadline)
        assert raised.error.retry_after_s == pytest.approx(RETRY_AFTER_S, abs=1), (
            "pass the seconds that the upstream names on: RateLimited(retry_after_s=…)"
        )

    @pytest.mark.parametrize(
        ("breakage", "reason"),
        [
            (Breakage.KEY_REFUSED, Reason.ACCESS_REFUSED),
            (Breakage.CUT, Reason.UNREACHABLE),
            (Breakage.SERVER_ERROR, Reason.PROVIDER_ERROR),
            (Breakage.HANG, Reason.TIMEOUT),
            (Breakage.RATE_LIMITED, Reason.RATE_LIMITED),
        ],
        ids=str,
    )
    def test_health_tells_the_fault(
        self,
        provider: IntelligenceProvider,
        breakage: Breakage,
        reason: Reason,
        break_upstream: BreakUpstream,
        clock: Clock,
    ) -> None:
        break_upstream(breakage)
        health = provider.check_health(Deadline.after(self.worth_waiting_s(breakage), clock))
        assert (health.connection, health.reason) == (Connection.UNAVAILABLE, reason), (
            "check_health makes one real call and tells how it went: ProviderHealth.failed(error)"
        )
        if reason is Reason.RATE_LIMITED:
            assert health.retry_after_s == pytest.approx(RETRY_AFTER_S, abs=1), (
                "pass the wait on, so that the provider gets its pause: ProviderHealth.failed(error)"
            )

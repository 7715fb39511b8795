"""What a provider of something remote makes of its faults."""

import time
from collections.abc import Callable, Mapping
from enum import StrEnum

import pytest

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection, IntelligenceProvider
from providers.models import FACTS, Capability, CustomerRef, Reason
from providers.ports import Clock
from providers.testing.contract.asking import EVERY_CAPABILITY, Asking
from providers.testing.contract.questions import QUESTIONS

RETRY_AFTER_S = 7
PATIENCE_S = 0.2
"""The deadline where waiting for it is the only way out; generous grace, since machines are busy."""
GRACE_S = 1.0


class Breakage(StrEnum):
    """How `break_upstream` is told to break it, for every call until the test ends."""

    HANG = "hang"
    """Takes the connection and never answers."""
    DRIP = "drip"
    """Answers byte by byte, without end."""
    CUT = "cut"
    """Closes the connection without an answer."""
    SERVER_ERROR = "server_error"
    KEY_REFUSED = "key_refused"
    RATE_LIMITED = "rate_limited"
    """Asks for a pause of `RETRY_AFTER_S` seconds."""
    REQUEST_REFUSED = "request_refused"
    TRUNCATED = "truncated"
    """Ends in the middle of its answer."""
    GARBAGE = "garbage"
    """Succeeds with something that is no answer."""
    NOT_A_NUMBER = "not_a_number"
    """Succeeds with NaN for a figure."""
    HUGE = "huge"
    """Succeeds with megabytes."""
    OTHER_CUSTOMER = "other_customer"
    """Answers, about somebody else."""
    EMPTY_TEXT = "empty_text"
    """Succeeds with a draft without a word."""


BreakUpstream = Callable[[Breakage], None]

EXPECTED: Mapping[Breakage, type[errors.ProviderError]] = {
    Breakage.HANG: errors.TimedOut,
    Breakage.DRIP: errors.TimedOut,
    Breakage.CUT: errors.Unreachable,
    Breakage.SERVER_ERROR: errors.UpstreamError,
    Breakage.KEY_REFUSED: errors.AccessRefused,
    Breakage.RATE_LIMITED: errors.RateLimited,
    Breakage.REQUEST_REFUSED: errors.RequestRefused,
    Breakage.TRUNCATED: errors.InvalidAnswer,
    Breakage.GARBAGE: errors.InvalidAnswer,
    Breakage.HUGE: errors.InvalidAnswer,
}
ON_FACTS_ONLY: Mapping[Breakage, type[errors.ProviderError]] = {
    Breakage.NOT_A_NUMBER: errors.InvalidAnswer,
    Breakage.OTHER_CUSTOMER: errors.InvalidAnswer,
}


class RemoteContract(Asking):
    def worth_waiting_s(self, breakage: Breakage) -> float:
        return PATIENCE_S if breakage in {Breakage.HANG, Breakage.DRIP} else self.answer_within_s

    @pytest.fixture
    def break_upstream(self) -> BreakUpstream:
        """Call `pytest.skip` in it for what your upstream cannot be made to do."""
        raise NotImplementedError("give the suite a fixture `break_upstream`")

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
        break_upstream(breakage)
        within_s = self.worth_waiting_s(breakage)
        started_s = time.monotonic()
        with pytest.raises(EXPECTED[breakage]) as raised:
            self.put(provider, capability, known_customer, Deadline.after(within_s, clock))
        assert time.monotonic() - started_s < within_s + GRACE_S
        told = f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"
        assert not [secret for secret in secrets if secret in told]

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
        break_upstream(breakage)
        with pytest.raises(ON_FACTS_ONLY[breakage]):
            self.put(provider, capability, known_customer, deadline)

    def test_a_draft_without_a_word_is_refused(
        self,
        provider: IntelligenceProvider,
        known_customer: CustomerRef,
        break_upstream: BreakUpstream,
        deadline: Deadline,
    ) -> None:
        break_upstream(Breakage.EMPTY_TEXT)
        with pytest.raises(errors.InvalidAnswer):
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
        with pytest.raises(errors.RateLimited) as raised:
            QUESTIONS[capability].ask(provider, QUESTIONS[capability].request(known_customer), deadline)
        assert raised.value.retry_after_s == pytest.approx(RETRY_AFTER_S, abs=1)

    @pytest.mark.parametrize(
        ("breakage", "reason"),
        [
            (Breakage.KEY_REFUSED, Reason.ACCESS_REFUSED),
            (Breakage.CUT, Reason.UNREACHABLE),
            (Breakage.SERVER_ERROR, Reason.PROVIDER_ERROR),
            (Breakage.HANG, Reason.TIMEOUT),
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
        assert (health.connection, health.reason) == (Connection.UNAVAILABLE, reason)

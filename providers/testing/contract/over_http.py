"""What is promised of a provider whose upstream speaks HTTP; the upstream that misbehaves is the suite's."""

from collections.abc import Iterator

import pytest

from providers import errors
from providers.deadline import Deadline
from providers.interface import IntelligenceProvider
from providers.models import Capability, CustomerRef
from providers.ports import Clock
from providers.testing.breakage import Breakage
from providers.testing.contract.asking import EVERY_CAPABILITY, must_raise
from providers.testing.contract.questions import QUESTIONS
from providers.testing.contract.upstream import EXPECTED, BreakUpstream, RemoteContract
from providers.testing.upstream import FakeUpstream

INVISIBLE = {
    Breakage.NOT_A_NUMBER: "no reply that the upstream was taught holds a number",
    Breakage.OTHER_CUSTOMER: "no reply that the upstream was taught names the customer",
    Breakage.EMPTY_TEXT: "teach the upstream a draft without a word: upstream.when(Breakage.EMPTY_TEXT, …)",
}
HARMFUL_IDS = {"../../etc/passwd": "/etc/passwd", "a/../evil": "/evil", "a?admin=1#b": "admin=1"}
"""Id → what must not show in the address that is asked."""


class HttpContract(RemoteContract):
    @pytest.fixture(scope="class")
    @classmethod
    def running_upstream(cls) -> Iterator[FakeUpstream]:
        with FakeUpstream() as upstream:
            yield upstream

    @pytest.fixture
    def upstream(self, running_upstream: FakeUpstream) -> Iterator[FakeUpstream]:
        """Teach it your upstream's replies in the fixture `provider`, and point the provider at its `url`."""
        yield running_upstream
        running_upstream.reset()

    @pytest.fixture
    def break_upstream(
        self, upstream: FakeUpstream, provider: IntelligenceProvider, known_customer: CustomerRef
    ) -> BreakUpstream:
        def break_it(breakage: Breakage) -> None:
            if not upstream.breaks(breakage, about=known_customer.known_as(provider.name)):
                pytest.skip(INVISIBLE[breakage])

        return break_it

    @EVERY_CAPABILITY
    def test_a_fault_is_left_to_the_chain_to_retry(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        upstream: FakeUpstream,
        deadline: Deadline,
    ) -> None:
        self.put(provider, capability, known_customer, deadline)
        of_one_call = len(upstream.requests)
        upstream.breaks(Breakage.SERVER_ERROR)
        with must_raise(errors.UpstreamError, "when the upstream fails"):
            self.put(provider, capability, known_customer, deadline)
        assert len(upstream.requests) <= 2 * of_one_call, (
            "do not retry: say how often in `policy.max_retries`, and the chain does it within its budget"
        )

    @EVERY_CAPABILITY
    def test_a_redirect_is_not_followed_with_the_key(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        upstream: FakeUpstream,
        deadline: Deadline,
    ) -> None:
        self.offered(provider, capability)
        upstream.breaks(Breakage.REDIRECT)
        self.answer_or_failure(provider, capability, QUESTIONS[capability].request(known_customer), deadline)
        assert not upstream.was_led_elsewhere, "the provider followed a redirect to another host"

    @pytest.mark.parametrize("breakage", EXPECTED, ids=str)
    def test_it_answers_again_when_the_upstream_does(
        self,
        provider: IntelligenceProvider,
        breakage: Breakage,
        known_customer: CustomerRef,
        break_upstream: BreakUpstream,
        upstream: FakeUpstream,
        clock: Clock,
    ) -> None:
        capability = min(provider.capabilities)
        request = QUESTIONS[capability].request(known_customer)
        break_upstream(breakage)
        within_s = self.worth_waiting_s(breakage)
        self.answer_or_failure(provider, capability, request, Deadline.after(within_s, clock))
        upstream.mend()
        assert self.put(provider, capability, known_customer, Deadline.after(self.answer_within_s, clock))

    @EVERY_CAPABILITY
    @pytest.mark.parametrize("harmful_id", HARMFUL_IDS)
    def test_an_id_does_not_change_which_address_is_asked(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        harmful_id: str,
        upstream: FakeUpstream,
        deadline: Deadline,
    ) -> None:
        request = QUESTIONS[capability].request(CustomerRef(harmful_id))
        self.answer_or_failure(provider, capability, request, deadline)
        asked = [f"{received.path}?{received.query}" for received in upstream.requests]
        assert not [address for address in asked if HARMFUL_IDS[harmful_id] in address], (
            "encode ids before they go into an address: `providers.http.segment`"
        )

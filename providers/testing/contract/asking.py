"""The fixtures of the suite; those that a subclass may override are public."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from providers.deadline import Deadline
from providers.errors import ProviderError, UnsupportedCapability
from providers.interface import IntelligenceProvider
from providers.models import (
    Answer,
    Capability,
    CustomerRef,
    DraftRequest,
    ProviderRequest,
    RecommendationRequest,
)
from providers.ports import Clock
from providers.testing.contract.questions import QUESTIONS, WallClock, ticket

OUR_ID = "desk-customer-42"
EVERY_CAPABILITY = pytest.mark.parametrize("capability", list(Capability), ids=str)


class Raised:
    """What was raised, once the block of `must_raise` is over."""

    error: ProviderError


@contextmanager
def must_raise(wanted: type[ProviderError], when: str) -> Iterator[Raised]:
    """Fails in words that tell the author what to raise, and what came instead."""
    cure = f"raise errors.{wanted.__name__} {when}"
    raised = Raised()
    try:
        yield raised
    except wanted as error:
        raised.error = error
        return
    except ProviderError as other:
        pytest.fail(f"{cure}; it raised {type(other).__name__}: {other}")
    except Exception as other:  # a defect of the provider under test: named, with its traceback as the cause
        raise AssertionError(f"{cure}; it let {type(other).__name__} escape") from other
    pytest.fail(f"{cure}; it answered")


class Asking:
    answer_within_s = 10.0
    """The deadline given to each call, in seconds."""

    known_id = "test_customer_high_ltv"
    """The provider's own id of somebody it knows."""

    @pytest.fixture
    def clock(self) -> Clock:
        return WallClock()

    @pytest.fixture
    def provider(self, clock: Clock) -> IntelligenceProvider:
        raise NotImplementedError("give your test class a fixture `provider` that returns your provider")

    @pytest.fixture
    def known_customer(self, provider: IntelligenceProvider) -> CustomerRef:
        """Somebody the provider knows, under an id other than the desk's."""
        return CustomerRef(OUR_ID, {provider.name: self.known_id})

    @pytest.fixture
    def unknown_customer(self) -> CustomerRef:
        return CustomerRef("cust_unknown_to_everybody")

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        """What must not show: the provider's keys."""
        return ()

    @pytest.fixture
    def deadline(self, clock: Clock) -> Deadline:
        return Deadline.after(self.answer_within_s, clock)

    def offered(self, provider: IntelligenceProvider, capability: Capability) -> None:
        """Skips the test of what the provider does not offer."""
        if capability not in provider.capabilities:
            pytest.skip(f"{provider.name} does not offer {capability}")

    def put(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        customer: CustomerRef,
        deadline: Deadline,
    ) -> Answer:
        """Ask the suite's plain question; skips the test where the provider does not offer it."""
        return self.put_request(provider, capability, QUESTIONS[capability].request(customer), deadline)

    def put_request(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        request: ProviderRequest,
        deadline: Deadline,
    ) -> Answer:
        self.offered(provider, capability)
        try:
            return QUESTIONS[capability].ask(provider, request, deadline)
        except UnsupportedCapability:
            pytest.fail(f"{capability} is declared: define it, or take it out of `capabilities`")

    def answer_or_failure(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        request: ProviderRequest,
        deadline: Deadline,
    ) -> Answer | None:
        """None for an honest failure; whatever is no `ProviderError` escapes and fails the test."""
        try:
            return self.put_request(provider, capability, request, deadline)
        except ProviderError:
            return None

    def draft_request(self, customer: CustomerRef, **about_ticket: object) -> DraftRequest:
        return DraftRequest(customer=customer, ticket=ticket(**about_ticket))

    def recommendation_request(self, customer: CustomerRef, **about_ticket: object) -> RecommendationRequest:
        return RecommendationRequest(customer=customer, ticket=ticket(**about_ticket))

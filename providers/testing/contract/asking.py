"""The fixtures of the suite; those that a subclass may override are public."""

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


class Asking:
    answer_within_s = 10.0
    """The deadline given to each call, in seconds."""

    @pytest.fixture
    def clock(self) -> Clock:
        return WallClock()

    @pytest.fixture
    def provider(self, clock: Clock) -> IntelligenceProvider:
        raise NotImplementedError("give the suite a fixture `provider`")

    @pytest.fixture
    def known_customer(self, provider: IntelligenceProvider) -> CustomerRef:
        """Somebody the provider knows, under an id other than the desk's."""
        return CustomerRef(OUR_ID, {provider.name: "test_customer_high_ltv"})

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
        if capability not in provider.capabilities:
            pytest.skip(f"{provider.name} does not offer {capability}")
        return QUESTIONS[capability].ask(provider, request, deadline)

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
        except UnsupportedCapability:
            pytest.fail("a declared capability is called unsupported")
        except ProviderError:
            return None

    def draft_request(self, customer: CustomerRef, **about_ticket: object) -> DraftRequest:
        return DraftRequest(customer=customer, ticket=ticket(**about_ticket))

    def recommendation_request(self, customer: CustomerRef, **about_ticket: object) -> RecommendationRequest:
        return RecommendationRequest(customer=customer, ticket=ticket(**about_ticket))

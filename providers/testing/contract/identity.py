"""Who a provider is, and what it says of its answers."""

import re
import time
from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from providers.deadline import Deadline
from providers.errors import UnsupportedCapability
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import Capability, CustomerRef, Source
from providers.ports import Clock
from providers.testing.contract.asking import EVERY_CAPABILITY, Asking
from providers.testing.contract.questions import QUESTIONS

ALLOWED_DRIFT = timedelta(seconds=1)


class IdentityContract(Asking):
    def test_its_name_can_stand_in_a_setting_and_a_path(self, provider: IntelligenceProvider) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_-]{1,31}", provider.name)

    def test_it_has_a_name_for_people(self, provider: IntelligenceProvider) -> None:
        assert provider.display_name.strip()

    def test_it_offers_at_least_one_capability(self, provider: IntelligenceProvider) -> None:
        assert provider.capabilities
        assert provider.capabilities <= frozenset(Capability)

    def test_its_capabilities_do_not_change(self, provider: IntelligenceProvider) -> None:
        assert provider.capabilities == provider.capabilities

    def test_its_policy_has_possible_bounds(self, provider: IntelligenceProvider) -> None:
        policy = provider.policy
        if policy is not None:
            limits = (policy.max_concurrency, policy.calls_per_minute, policy.calls_per_hour)
            assert policy.attempt_timeout_s > 0
            assert policy.max_retries >= 0
            assert all(limit is None or limit > 0 for limit in limits)

    def test_each_of_its_settings_is_documented(self, provider: IntelligenceProvider) -> None:
        if provider.settings_schema is not None:
            for name, field in provider.settings_schema().fields.items():
                assert field.data_key, f"{name} names no environment variable"
                assert field.metadata.get("description"), f"{field.data_key} has no description"

    def test_no_secret_shows_in_its_repr(
        self, provider: IntelligenceProvider, secrets: tuple[str, ...]
    ) -> None:
        shown = [repr(provider), *(repr(value) for value in getattr(provider, "__dict__", {}).values())]
        assert not [secret for secret in secrets if any(secret in text for text in shown)]

    def test_its_health_is_told_within_the_deadline(
        self, provider: IntelligenceProvider, deadline: Deadline
    ) -> None:
        started_s = time.monotonic()
        health = provider.check_health(deadline)
        assert time.monotonic() - started_s <= self.answer_within_s
        assert isinstance(health, ProviderHealth)
        assert (health.reason is None) == (health.connection is Connection.CONNECTED)

    def test_it_may_be_closed_twice(self, provider: IntelligenceProvider) -> None:
        provider.close()
        provider.close()

    @EVERY_CAPABILITY
    def test_what_it_declares_is_answered_and_what_not_is_refused(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        question = QUESTIONS[capability]
        if capability in provider.capabilities:
            answer = question.ask(provider, question.request(known_customer), deadline)
            assert isinstance(answer, question.answered_by)
        else:
            with pytest.raises(UnsupportedCapability):
                question.ask(provider, question.request(known_customer), deadline)

    @EVERY_CAPABILITY
    def test_an_answer_comes_within_its_deadline(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        started_s = time.monotonic()
        self.put(provider, capability, known_customer, deadline)
        assert time.monotonic() - started_s <= self.answer_within_s

    @EVERY_CAPABILITY
    def test_an_answer_says_who_gave_it_and_when(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
        clock: Clock,
    ) -> None:
        before = clock.now()
        provenance = self.put(provider, capability, known_customer, deadline).provenance
        assert provenance.provider == provider.name
        assert provenance.as_of.utcoffset() == timedelta(0)
        assert before - ALLOWED_DRIFT <= provenance.as_of <= clock.now() + ALLOWED_DRIFT

    @EVERY_CAPABILITY
    def test_only_a_generic_answer_is_a_fallback(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        provenance = self.put(provider, capability, known_customer, deadline).provenance
        assert provenance.source is (Source.FALLBACK if provider.generic else Source.FRESH)
        assert not provenance.degraded, "whether an answer is degraded is for the chain to say"

    @EVERY_CAPABILITY
    def test_an_answer_cannot_be_changed(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        answer = self.put(provider, capability, known_customer, deadline)
        with pytest.raises(FrozenInstanceError):
            answer.known = not answer.known  # type: ignore[misc]  # that it fails is the point

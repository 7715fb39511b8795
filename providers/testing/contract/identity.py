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
from providers.settings import SettingsError
from providers.testing.contract.asking import EVERY_CAPABILITY, Asking, must_raise
from providers.testing.contract.questions import QUESTIONS
from providers.testing.fakes import make_host

ALLOWED_DRIFT = timedelta(seconds=1)


class IdentityContract(Asking):
    def test_its_name_can_stand_in_a_setting_and_a_path(self, provider: IntelligenceProvider) -> None:
        assert re.fullmatch(r"[a-z][a-z0-9_-]{1,31}", provider.name), (
            "`name`: 2 to 32 of a-z 0-9 _ -, a letter first; the same as in the entry point"
        )

    def test_it_has_a_name_for_people(self, provider: IntelligenceProvider) -> None:
        assert provider.display_name.strip(), "`display_name` is what people read in logs"

    def test_it_offers_at_least_one_capability(self, provider: IntelligenceProvider) -> None:
        assert provider.capabilities, "`capabilities` is empty, so that nothing would ever be asked of it"
        assert provider.capabilities <= frozenset(Capability), "use the members of models.Capability"

    def test_its_capabilities_do_not_change(self, provider: IntelligenceProvider) -> None:
        assert provider.capabilities == provider.capabilities, (
            "the desk reads `capabilities` once; what is not available now is a failure of the call"
        )

    def test_its_policy_has_possible_bounds(self, provider: IntelligenceProvider) -> None:
        policy = provider.policy
        if policy is not None:
            limits = (policy.max_concurrency, policy.calls_per_minute, policy.calls_per_hour)
            assert policy.attempt_timeout_s > 0, "an attempt needs time: attempt_timeout_s"
            assert policy.max_retries >= 0, "max_retries counts the attempts after the first"
            assert all(limit is None or limit > 0 for limit in limits), "None means no limit; 0 means never"

    def test_each_of_its_settings_is_documented(self, provider: IntelligenceProvider) -> None:
        if provider.settings_schema is not None:
            for name, field in provider.settings_schema().fields.items():
                assert field.data_key, f"{name} names no environment variable"
                assert field.metadata.get("description"), f"{field.data_key} has no description"

    def test_no_secret_shows_in_its_repr(
        self, provider: IntelligenceProvider, secrets: tuple[str, ...]
    ) -> None:
        if not secrets:
            pytest.skip("a fixture `secrets` names the provider's keys; then they are looked for")
        shown = [repr(provider), *(repr(value) for value in getattr(provider, "__dict__", {}).values())]
        assert not [secret for secret in secrets if any(secret in text for text in shown)], (
            "a key shows in a repr, from where it reaches logs: field(repr=False)"
        )

    def test_made_from_an_empty_environment_it_says_which_variables_are_missing(
        self, provider: IntelligenceProvider
    ) -> None:
        declared = provider.settings_schema().fields.values() if provider.settings_schema else ()
        missing: set[str] = set()
        try:
            type(provider).from_host(make_host()).close()
        except SettingsError as error:
            missing |= error.faults.keys()
        assert missing <= {field.data_key for field in declared}, (
            "name in `settings_schema` each variable that you ask for"
        )

    def test_its_health_is_told_within_the_deadline(
        self, provider: IntelligenceProvider, deadline: Deadline
    ) -> None:
        started_s = time.monotonic()
        health = provider.check_health(deadline)
        assert time.monotonic() - started_s <= self.answer_within_s, "check_health outlived its deadline"
        assert isinstance(health, ProviderHealth)
        assert (health.reason is None) == (health.connection is Connection.CONNECTED), (
            "give a reason where unavailable, and none where connected"
        )

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
            answer = self.put(provider, capability, known_customer, deadline)
            assert isinstance(answer, question.answered_by), f"{capability} answers {question.answered_by}"
        else:
            with must_raise(UnsupportedCapability, f"for {capability}, which `capabilities` does not list"):
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
        assert time.monotonic() - started_s <= self.answer_within_s, "the answer came after its deadline"

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
        assert provenance.provider == provider.name, "Provenance(provider=self.name, …)"
        assert provenance.as_of.utcoffset() == timedelta(0), "as_of is in UTC: take it from host.clock.now()"
        assert before - ALLOWED_DRIFT <= provenance.as_of <= clock.now() + ALLOWED_DRIFT, (
            "as_of is when you learnt it, by the clock of the host; make the provider with `clock`"
        )

    @EVERY_CAPABILITY
    def test_only_a_generic_answer_is_a_fallback(
        self,
        provider: IntelligenceProvider,
        capability: Capability,
        known_customer: CustomerRef,
        deadline: Deadline,
    ) -> None:
        provenance = self.put(provider, capability, known_customer, deadline).provenance
        assert provenance.source is (Source.FALLBACK if provider.generic else Source.FRESH), (
            "source is FRESH; FALLBACK is for providers that declare `generic`, the rest for the chain"
        )
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

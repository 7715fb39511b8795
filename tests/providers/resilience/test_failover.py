import pytest

from providers.errors import (
    CircuitOpen,
    CustomerNotFound,
    NoAnswer,
    TimedOut,
    Unreachable,
    UnsupportedCapability,
)
from providers.models import FACTS, TEXTS, Capability, Reason, Source
from providers.resilience.failover import Failover
from providers.resilience.refusals import Refused
from providers.testing.fakes import FakeClock, ScriptedProvider, StaticToggles, sample_answer
from tests.providers.resilience.questions import analysis, draft, soon


class House:
    """Two real providers, and one of generic words."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.first = ScriptedProvider("first", clock=clock)
        self.second = ScriptedProvider("second", clock=clock)
        self.fallback = ScriptedProvider("fallback", clock=clock, generic=True)
        self.toggles = StaticToggles("first", "second", "fallback")
        providers = (self.first, self.second, self.fallback)
        self.failover = Failover({provider.name: provider for provider in providers}, self.toggles)

    def analyze(self):
        return self.failover.analyze(analysis(), soon(self.clock))

    def draft(self):
        return self.failover.draft_reply(draft(), soon(self.clock))

    def unknown(self, name):
        answer = sample_answer(Capability.ANALYZE, analysis(), name, self.clock.now())
        return type(answer)(provenance=answer.provenance, known=False, customer_id="cust_123")


@pytest.fixture
def house(clock: FakeClock) -> House:
    return House(clock)


def test_the_first_enabled_provider_answers(house):
    assert house.analyze().provenance.provider == "first"
    house.toggles.names = ("second", "first")
    assert house.analyze().provenance.provider == "second"


def test_a_provider_that_is_not_enabled_is_not_asked(house):
    house.toggles.names = ("second", "never_heard_of")
    assert house.analyze().provenance.provider == "second"
    assert house.first.calls() == 0


def test_after_a_failure_the_next_real_provider_answers_in_full(house):
    house.first.script(Capability.ANALYZE, TimedOut())
    provenance = house.analyze().provenance
    assert (provenance.provider, provenance.degraded, provenance.reason) == ("second", False, None)


def test_generic_words_after_failures_are_degraded_with_the_first_reason(house):
    house.first.script(Capability.DRAFT, CircuitOpen())
    house.second.script(Capability.DRAFT, TimedOut())
    provenance = house.draft().provenance
    assert provenance.provider == "fallback"
    assert provenance.source is Source.FALLBACK
    assert (provenance.degraded, provenance.reason) == (True, Reason.CIRCUIT_OPEN)


def test_generic_words_come_last_wherever_they_are_listed(house):
    house.toggles.names = ("fallback", "first")
    assert house.draft().provenance.provider == "first"


def test_generic_words_where_nothing_else_is_configured_are_not_degraded(house):
    house.toggles.names = ("fallback",)
    provenance = house.draft().provenance
    assert (provenance.source, provenance.degraded) == (Source.FALLBACK, False)
    assert provenance.reason is Reason.NOT_CONFIGURED


def test_where_the_first_does_not_know_the_customer_the_second_is_asked(house):
    house.first.script(Capability.ANALYZE, house.unknown("first"))
    answer = house.analyze()
    assert (answer.known, answer.provenance.provider, answer.provenance.degraded) == (True, "second", False)


def test_a_customer_nobody_knows_is_the_first_providers_answer_and_no_generic_one(house):
    house.first.script(Capability.ANALYZE, house.unknown("first"))
    house.second.script(Capability.ANALYZE, house.unknown("second"))
    answer = house.analyze()
    assert (answer.known, answer.provenance.provider) == (False, "first")
    assert (answer.provenance.degraded, answer.provenance.reason) == (False, Reason.UNKNOWN_CUSTOMER)
    assert house.fallback.calls() == 0


@pytest.mark.parametrize("failing", ["first", "second"])
def test_unknown_to_one_while_another_fails_is_degraded(house, failing):
    for provider in (house.first, house.second):
        unknown = house.unknown(provider.name)
        provider.script(Capability.ANALYZE, Unreachable() if provider.name == failing else unknown)
    provenance = house.analyze().provenance
    assert (provenance.degraded, provenance.reason) == (True, Reason.UNREACHABLE)


def test_a_text_for_a_customer_nobody_knows_is_generic_and_not_degraded(house):
    house.first.script(Capability.DRAFT, CustomerNotFound())
    house.second.script(Capability.DRAFT, CustomerNotFound())
    provenance = house.draft().provenance
    assert provenance.provider == "fallback"
    assert (provenance.degraded, provenance.reason) == (False, Reason.UNKNOWN_CUSTOMER)


def test_what_was_never_offered_is_no_failure(house):
    house.first.script(Capability.DRAFT, UnsupportedCapability("first", Capability.DRAFT))
    house.toggles.names = ("first", "fallback")
    provenance = house.draft().provenance
    assert (provenance.degraded, provenance.reason) == (False, Reason.NOT_CONFIGURED)


def test_only_those_who_declare_the_capability_are_asked(clock):
    facts = ScriptedProvider("facts", clock=clock, capabilities=FACTS)
    texts = ScriptedProvider("texts", clock=clock, capabilities=TEXTS)
    failover = Failover({"facts": facts, "texts": texts}, StaticToggles("facts", "texts"))
    assert failover.draft_reply(draft(), soon(clock)).provenance.provider == "texts"
    assert failover.capabilities == FACTS | TEXTS
    assert facts.calls() == 0


def test_with_nobody_left_the_failures_and_the_shortest_wait_are_told(house):
    failures = [CircuitOpen(retry_after_s=20), TimedOut()]
    house.first.script(Capability.DRAFT, failures[0])
    house.second.script(Capability.DRAFT, failures[1])
    house.toggles.names = ("first", "second")
    with pytest.raises(NoAnswer) as raised:
        house.draft()
    assert raised.value.failures == failures
    assert raised.value.reason is Reason.CIRCUIT_OPEN
    assert raised.value.retry_after_s == 20


def test_a_broken_fallback_is_one_more_failure(house):
    for provider in (house.first, house.second, house.fallback):
        provider.script(Capability.DRAFT, TimedOut())
    with pytest.raises(NoAnswer) as raised:
        house.draft()
    assert len(raised.value.failures) == 3


def test_no_provider_at_all_is_told_as_not_configured(house):
    house.toggles.names = ()
    with pytest.raises(NoAnswer) as raised:
        house.draft()
    assert raised.value.reason is Reason.NOT_CONFIGURED


def test_what_is_offered_follows_the_toggles_and_leaves_generic_words_out(house):
    assert house.failover.offers(Capability.DRAFT)
    house.toggles.names = ("fallback",)
    assert not house.failover.offers(Capability.DRAFT)


def test_closing_closes_all_of_them(house):
    house.failover.close()
    assert house.first.closed
    assert house.second.closed
    assert house.fallback.closed


def test_what_our_own_guards_refuse_is_counted_and_what_the_provider_fails_at_is_not(house):
    house.first.script(Capability.ANALYZE, CircuitOpen(), TimedOut(), CircuitOpen())
    for _ in range(3):
        house.analyze()
    assert house.failover.refusals.read() == {
        Refused("first", Capability.ANALYZE, Reason.CIRCUIT_OPEN): 2,
    }

"""Known facts at once: one provider behind its cache, a refresher that is turned by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from providers.errors import NoAnswer, TimedOut, UpstreamError
from providers.models import Capability, Reason, Source
from providers.resilience.caching import Cached
from providers.resilience.failover import Failover
from providers.resilience.held_facts import HeldFacts
from providers.resilience.keeping import Keeping
from providers.resilience.last_known_good import Awaiting, LastKnownGood
from providers.resilience.refreshing import Refresher
from providers.resilience.single_flight import Flights
from providers.testing.fakes import (
    FakeClock,
    FixedRandom,
    InMemoryAnswerCache,
    InMemorySnapshotStore,
    ScriptedProvider,
    StaticToggles,
)
from tests.providers.resilience.questions import analysis, draft, ltv, outcome, soon

MAX_AGE_S = 3600
TTL_S = {Capability.ANALYZE: 900, Capability.CHURN: 900, Capability.LTV: 900}


@dataclass
class Known:
    """Two providers in order, `first` with a cache; `second` and the fallback are enabled by the test."""

    clock: FakeClock
    snapshots: InMemorySnapshotStore = field(default_factory=InMemorySnapshotStore)
    toggles: StaticToggles = field(default_factory=lambda: StaticToggles("first"))

    def __post_init__(self) -> None:
        self.cache = InMemoryAnswerCache(self.clock)
        self.first = ScriptedProvider("first", clock=self.clock)
        self.second = ScriptedProvider("second", clock=self.clock)
        self.fallback = ScriptedProvider("fallback", clock=self.clock, generic=True)
        flights = Flights()
        caches = {
            provider.name: Cached(
                Keeping(provider, snapshots=self.snapshots, clock=self.clock),
                cache=self.cache,
                flights=flights,
                ttl_s=TTL_S,
                wait_s=2,
                random=FixedRandom(1.0),
            )
            for provider in (self.first, self.second)
        }
        failover = Failover({**caches, "fallback": self.fallback}, self.toggles)
        # No threads: the tests refresh by hand.
        self.refresher = Refresher(Failover(caches, self.toggles), clock=self.clock, threads=0)
        self.chain = LastKnownGood(
            failover,
            caches=caches,
            asked=failover.asked,
            facts=HeldFacts(
                self.snapshots, asked=failover.asked, ttl_s=TTL_S, max_age_s=MAX_AGE_S, clock=self.clock
            ),
            refresher=self.refresher,
        )

    def analyze(self):
        return self.chain.analyze(analysis(), soon(self.clock))

    def told(self):
        provenance = self.analyze().provenance
        return provenance.provider, provenance.source, provenance.reason

    def break_down(self, error: Exception | None = None) -> None:
        self.first.script(Capability.ANALYZE, error or TimedOut())


@pytest.fixture
def known(clock: FakeClock) -> Known:
    """With a customer whose facts were learnt just now."""
    desk = Known(clock)
    desk.learnt = desk.analyze()
    return desk


def let_time_pass(known: Known) -> None:
    known.clock.advance(901)


def let_something_happen(known: Known) -> None:
    known.clock.advance(1)
    known.snapshots.mark_outdated("cust_123", known.clock.now())
    known.cache.delete("customer_intel:cust_123")


def lose_the_cache(known: Known) -> None:
    known.cache.delete(*known.cache.keys())


OVERDUE = pytest.mark.parametrize("overdue", [let_time_pass, let_something_happen])


@OVERDUE
def test_overdue_facts_are_served_at_once_and_asked_for_behind(known: Known, overdue: Callable) -> None:
    overdue(known)
    stale = known.analyze()
    assert stale == known.learnt.with_provenance(source=Source.STALE)
    assert known.first.calls() == 1, "nobody waited for the provider"
    assert known.refresher.refresh_next()
    assert known.first.calls() == 2
    renewed = known.analyze().provenance
    assert (renewed.source, renewed.as_of) == (Source.CACHE, known.clock.now())


@OVERDUE
def test_however_often_they_are_looked_at_one_refresh_is_made(known: Known, overdue: Callable) -> None:
    overdue(known)
    for _ in range(50):
        known.analyze()
    assert known.refresher.waiting == 1
    assert [known.refresher.refresh_next() for _ in range(2)] == [True, False]


def test_current_facts_outlive_the_cache_without_a_call(known: Known) -> None:
    known.clock.advance(300)
    lose_the_cache(known)
    answer = known.analyze()
    assert answer == known.learnt.with_provenance(source=Source.CACHE)
    assert (known.first.calls(), known.refresher.waiting) == (1, 0)
    assert known.cache.ttl_s("customer_intel:cust_123") == 600, (
        "cached anew, and no longer than they are good"
    )


def test_without_a_cache_known_facts_are_still_served_without_a_call(known: Known) -> None:
    known.cache.down = True
    assert {known.told() for _ in range(10)} == {("first", Source.CACHE, None)}
    assert known.first.calls() == 1


def test_in_an_outage_they_tell_why_there_are_no_newer_ones(known: Known) -> None:
    let_time_pass(known)
    known.break_down()
    assert known.told() == ("first", Source.STALE, None), "nobody has tried yet"
    known.refresher.refresh_next()
    assert known.told() == ("first", Source.STALE, Reason.TIMEOUT)
    assert not known.analyze().provenance.degraded


@pytest.mark.parametrize(("age_s", "served"), [(MAX_AGE_S, True), (MAX_AGE_S + 1, False)])
def test_an_age_limit_ends_it(known: Known, age_s: int, served: bool) -> None:
    known.clock.advance(age_s)
    known.break_down()
    assert isinstance(outcome(known.analyze), NoAnswer) is not served


def test_nothing_of_a_disabled_provider_is_served(known: Known) -> None:
    known.toggles.names = ("fallback",)
    assert known.told() == ("fallback", Source.FALLBACK, Reason.NOT_CONFIGURED)
    known.toggles.names = ("first",)
    assert known.told() == ("first", Source.CACHE, None)


def test_another_horizon_is_another_fact(known: Known) -> None:
    known.chain.forecast_ltv(ltv(6), soon(known.clock))
    let_time_pass(known)
    known.first.script(Capability.LTV, TimedOut())
    assert known.chain.forecast_ltv(ltv(6), soon(known.clock)).horizon_months == 6
    with pytest.raises(NoAnswer):
        known.chain.forecast_ltv(ltv(12), soon(known.clock))


def test_texts_are_asked_for_every_time(known: Known) -> None:
    known.chain.draft_reply(draft(), soon(known.clock))
    known.first.script(Capability.DRAFT, TimedOut())
    with pytest.raises(NoAnswer):
        known.chain.draft_reply(draft(), soon(known.clock))


def test_where_nothing_is_known_the_first_reader_waits_and_an_outage_is_told(clock: FakeClock) -> None:
    known = Known(clock, toggles=StaticToggles("first", "fallback"))
    known.break_down(UpstreamError())
    answer = known.analyze().provenance
    assert (answer.source, answer.degraded) == (Source.FALLBACK, True)
    known.first.script(Capability.ANALYZE)
    assert known.told() == ("first", Source.FRESH, None)


# ---------------------------------------------------------------- who would rather wait


@pytest.fixture
def awaiting(known: Known) -> Awaiting:
    return Awaiting(known.chain)


def test_who_waits_gets_fresh_facts_in_the_place_of_overdue_ones(known: Known, awaiting: Awaiting) -> None:
    let_something_happen(known)
    assert awaiting.analyze(analysis(), soon(known.clock)).provenance.source is Source.FRESH


@pytest.mark.parametrize("enabled", [("first",), ("first", "fallback")])
def test_who_waits_in_vain_gets_the_overdue_ones(
    known: Known, awaiting: Awaiting, enabled: tuple[str, ...]
) -> None:
    let_something_happen(known)
    known.toggles.names = enabled
    known.break_down()
    stale = awaiting.analyze(analysis(), soon(known.clock))
    assert stale == known.learnt.with_provenance(source=Source.STALE, reason=Reason.TIMEOUT)


# ---------------------------------------------------------------- several providers


def unknown_to(provider: ScriptedProvider, clock: FakeClock) -> None:
    def nothing(request, _deadline):
        plain = provider_sample(provider, request, clock)
        return replace(plain, known=False).with_provenance(reason=Reason.UNKNOWN_CUSTOMER)

    provider.script(Capability.ANALYZE, nothing)


def provider_sample(provider: ScriptedProvider, request, clock: FakeClock):
    return ScriptedProvider(provider.name, clock=clock).analyze(request, soon(clock))


@pytest.fixture
def pair(clock: FakeClock) -> Known:
    return Known(clock, toggles=StaticToggles("first", "second"))


def test_that_the_first_does_not_know_is_remembered_and_it_is_not_asked_again(pair: Known) -> None:
    unknown_to(pair.first, pair.clock)
    pair.analyze()
    assert {pair.told() for _ in range(5)} == {("second", Source.CACHE, None)}
    assert (pair.first.calls(), pair.second.calls(), pair.refresher.waiting) == (1, 1, 0)


def test_a_customer_whom_nobody_knows_is_not_asked_about_again_within_the_time(pair: Known) -> None:
    for provider in (pair.first, pair.second):
        unknown_to(provider, pair.clock)
    pair.analyze()
    pair.clock.advance(899)
    answer = pair.analyze()
    assert (answer.known, answer.provenance.reason) == (False, Reason.UNKNOWN_CUSTOMER)
    assert (pair.first.calls(), pair.second.calls(), pair.refresher.waiting) == (1, 1, 0)
    pair.clock.advance(2)
    stale = pair.analyze()
    assert (stale.known, stale.provenance.source, pair.refresher.waiting) == (False, Source.STALE, 1)


def test_what_the_second_knew_while_the_first_was_down_is_served_and_the_first_asked_behind(
    pair: Known,
) -> None:
    pair.break_down()
    assert pair.told() == ("second", Source.FRESH, None)
    pair.first.script(Capability.ANALYZE)
    pair.told()
    pair.refresher.refresh_next()
    assert pair.told() == ("first", Source.CACHE, None)


def test_the_first_in_order_who_knows_is_served_also_when_the_order_changes(pair: Known) -> None:
    pair.analyze()
    pair.toggles.names = ("second", "first")
    assert pair.told() == ("first", Source.STALE, None), "the second was never asked"
    pair.refresher.refresh_next()
    assert pair.told() == ("second", Source.CACHE, None)

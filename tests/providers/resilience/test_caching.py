import json
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import InProgress, TimedOut
from providers.models import Capability, Reason, Source
from providers.resilience.caching import Cached
from providers.resilience.single_flight import Flights
from providers.resilience.wrapping import Call
from providers.testing.fakes import (
    FakeClock,
    FixedRandom,
    InMemoryAnswerCache,
    ScriptedProvider,
    sample_answer,
)
from tests.providers.resilience.questions import analysis, at_once, churn, draft, ltv, outcome, soon

TTL_S = {Capability.ANALYZE: 900, Capability.CHURN: 3600, Capability.LTV: 3600}


@pytest.fixture
def provider(clock: FakeClock) -> ScriptedProvider:
    return ScriptedProvider("quimbi", clock=clock)


@pytest.fixture
def cache(clock: FakeClock) -> InMemoryAnswerCache:
    return InMemoryAnswerCache(clock)


def cached_by(provider, cache, *, random=0.5, ttl_s=TTL_S, flights=None, wait_s=2.0):
    return Cached(
        provider,
        cache=cache,
        flights=flights or Flights(),
        ttl_s=ttl_s,
        wait_s=wait_s,
        random=FixedRandom(random),
    )


@pytest.fixture
def cached(provider: ScriptedProvider, cache: InMemoryAnswerCache) -> Cached:
    return cached_by(provider, cache)


@pytest.mark.parametrize(
    ("method", "request_"), [("analyze", analysis()), ("predict_churn", churn()), ("forecast_ltv", ltv())]
)
def test_a_second_reading_is_the_first_answer_from_the_cache(cached, provider, clock, method, request_):
    first = getattr(cached, method)(request_, soon(clock))
    clock.advance(100)
    second = getattr(cached, method)(request_, soon(clock))
    assert provider.calls() == 1
    assert second == first.with_provenance(source=Source.CACHE)


def test_a_value_can_be_read_by_a_person(cached, cache, clock):
    cached.forecast_ltv(ltv(6), soon(clock))
    value = json.loads(cache.get("ltv_forecast:cust_123:6"))
    assert value["schema"] == 1
    assert value["provider"] == "quimbi"
    assert value["capability"] == "forecast_ltv"
    assert value["arguments"] == {"horizon_months": 6}
    assert value["answer"]["forecasted_ltv"] == 450


@given(random=st.floats(0, 0.9999999), setting_s=st.integers(1, 86_400))
def test_the_time_to_live_is_never_above_the_setting_and_hardly_below(random, setting_s):
    clock = FakeClock()
    cache = InMemoryAnswerCache(clock)
    provider = ScriptedProvider("quimbi", clock=clock)
    cached = cached_by(provider, cache, random=random, ttl_s=dict.fromkeys(TTL_S, setting_s))
    cached.analyze(analysis(), soon(clock))
    ttl_s = cache.ttl_s("customer_intel:cust_123")
    assert ttl_s == int(ttl_s)
    assert max(1, int(setting_s * 0.9)) <= ttl_s <= setting_s


def test_past_its_time_the_provider_is_asked_again(cached, provider, clock):
    cached.analyze(analysis(), soon(clock))
    clock.advance(900)
    cached.analyze(analysis(), soon(clock))
    assert provider.calls() == 2


def test_an_unknown_customer_is_remembered_too(cached, provider, clock):
    answer = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now())
    provider.script(Capability.ANALYZE, unknown(answer))
    for _ in range(2):
        assert not cached.analyze(analysis(), soon(clock)).known
    assert provider.calls() == 1


def unknown(answer):
    return type(answer)(
        provenance=answer.provenance, known=False, customer_id=answer.customer_id
    ).with_provenance(reason=Reason.UNKNOWN_CUSTOMER)


@pytest.mark.parametrize(
    "changes", [{"source": Source.FALLBACK}, {"source": Source.STALE}, {"degraded": True}]
)
def test_only_fresh_and_whole_answers_are_kept(cached, cache, provider, clock, changes):
    answer = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now())
    provider.script(Capability.ANALYZE, answer.with_provenance(**changes))
    cached.analyze(analysis(), soon(clock))
    assert cache.keys() == []


def test_texts_pass_by(cached, cache, provider, clock):
    for _ in range(2):
        cached.draft_reply(draft(), soon(clock))
    assert provider.calls() == 2
    assert cache.keys() == []


def test_an_error_is_not_kept(cached, cache, provider, clock):
    provider.script(Capability.ANALYZE, TimedOut())
    outcome(lambda: cached.analyze(analysis(), soon(clock)))
    assert cache.keys() == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value | {"schema": 0},
        lambda value: value | {"provider": "another"},
        lambda value: value | {"capability": "predict_churn"},
        lambda value: value | {"arguments": {"window_days": 90}},
        lambda value: value | {"answer": {}},
        lambda value: value | {"answer": value["answer"] | {"predictions": {"churn_risk": 7}}},
        lambda value: [value],
        lambda value: None,
    ],
)
def test_a_value_that_answers_something_else_is_a_miss(cached, cache, provider, clock, damage):
    cached.analyze(analysis(), soon(clock))
    value = json.loads(cache.get("customer_intel:cust_123"))
    cache.set("customer_intel:cust_123", json.dumps(damage(value)).encode(), ttl_s=900)
    assert cached.analyze(analysis(), soon(clock)).provenance.source is Source.FRESH
    assert provider.calls() == 2


@given(garbage=st.binary())
def test_garbage_is_a_miss_and_is_replaced(garbage):
    clock = FakeClock()
    cache = InMemoryAnswerCache(clock)
    cached = cached_by(ScriptedProvider("quimbi", clock=clock), cache)
    cache.set("customer_intel:cust_123", garbage, ttl_s=900)
    assert cached.analyze(analysis(), soon(clock)).provenance.source is Source.FRESH
    assert cached.analyze(analysis(), soon(clock)).provenance.source is Source.CACHE


def test_a_dead_cache_is_an_empty_one(cached, cache, provider, clock):
    cache.down = True
    for _ in range(2):
        assert cached.analyze(analysis(), soon(clock)).known
    assert provider.calls() == 2


def test_a_cold_customer_is_fetched_once_for_all_who_ask(cached, provider, clock):
    together = threading.Barrier(50)

    def answer_late(request, deadline):
        time.sleep(0.03)  # real threads: those who come meanwhile have to wait
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    def ask():
        together.wait()
        return cached.analyze(analysis(), soon(clock))

    provider.script(Capability.ANALYZE, answer_late)
    answers = at_once(50, ask)
    assert {answer.customer_id for answer in answers} == {"cust_123"}
    assert provider.calls() == 1


@pytest.mark.parametrize(("wait_s", "deadline_s"), [(0, 10), (30, 0)])
def test_who_may_not_wait_is_told_that_another_is_asking(provider, cache, clock, wait_s, deadline_s):
    begun, leave = threading.Event(), threading.Event()

    def hang(request, deadline):
        begun.set()
        assert leave.wait(5)
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    provider.script(Capability.ANALYZE, hang)
    cached = cached_by(provider, cache, wait_s=wait_s)
    leader = threading.Thread(target=cached.analyze, args=(analysis(), soon(clock)))
    leader.start()
    assert begun.wait(5)
    with pytest.raises(InProgress):
        cached.analyze(analysis(), soon(clock, deadline_s))
    leave.set()
    leader.join()


def test_who_missed_just_before_another_landed_reads_what_was_kept(provider, cache, clock):
    cached = cached_by(provider, cache)
    assert cached.peek(analysis_call(clock)) is None
    cached.analyze(analysis(), soon(clock))
    assert cached.analyze(analysis(), soon(clock)).provenance.source is Source.CACHE
    assert provider.calls() == 1


def test_a_peek_asks_nobody(provider, cache, clock):
    cached = cached_by(provider, cache)
    assert cached.peek(analysis_call(clock)) is None
    assert provider.calls() == 0
    fresh = cached.analyze(analysis(), soon(clock))
    assert cached.peek(analysis_call(clock)) == fresh.with_provenance(source=Source.CACHE)


def test_what_is_known_from_elsewhere_is_cached_for_the_time_it_has_left(provider, cache, clock):
    cached = cached_by(provider, cache)
    known = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now())
    cached.keep(analysis_call(clock), known, within_s=42.9)
    assert cache.ttl_s("customer_intel:cust_123") == 42
    assert cached.peek(analysis_call(clock)) == known.with_provenance(source=Source.CACHE)


def analysis_call(clock) -> Call:
    return Call(Capability.ANALYZE, analysis(), soon(clock), lambda inner, *asked: inner.analyze(*asked))


def test_two_providers_fly_apart(provider, cache, clock):
    flights = Flights()
    second = cached_by(ScriptedProvider("second", clock=clock), cache, flights=flights)
    first = cached_by(provider, cache, flights=flights, wait_s=0)
    provider.script(Capability.ANALYZE, second.analyze)
    assert first.analyze(analysis(), soon(clock)).provenance.provider == "second"

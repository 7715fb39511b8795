from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.deadline import Deadline
from providers.errors import TimedOut
from providers.interface import IntelligenceProvider
from providers.models import (
    FACTS,
    TEXTS,
    AnalysisRequest,
    Capability,
    ChurnRequest,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Order,
    RecommendationRequest,
    TicketContext,
)
from providers.ports import (
    AnswerCache,
    CallObserver,
    Clock,
    CustomerHistory,
    Random,
    SnapshotStore,
    ToggleSource,
)
from providers.testing.fakes import (
    EPOCH,
    FakeClock,
    FixedRandom,
    InMemoryAnswerCache,
    InMemorySnapshotStore,
    NoHistory,
    RecordedHistory,
    RecordingObserver,
    ScriptedProvider,
    StaticToggles,
    make_host,
    sample_answer,
)

ANN, BEN = CustomerRef("ann"), CustomerRef("ben")
TICKET = TicketContext(id="t1", subject="Parcel", channel="email", priority="normal", version=1)


def test_every_port_has_a_fake(clock: FakeClock) -> None:
    ports: tuple[Clock, Random, AnswerCache, SnapshotStore, ToggleSource, CustomerHistory, CallObserver] = (
        clock,
        FixedRandom(),
        InMemoryAnswerCache(clock),
        InMemorySnapshotStore(),
        StaticToggles(),
        NoHistory(),
        RecordingObserver(),
    )
    assert all(ports[:2])


@given(st.lists(st.floats(min_value=0, max_value=1e6), max_size=20))
def test_both_scales_of_the_clock_pass_alike(steps_s: list[float]) -> None:
    clock = FakeClock()
    for step_s in steps_s:
        clock.advance(step_s)
    assert clock.now() - EPOCH == timedelta(seconds=clock.monotonic())


def test_who_sleeps_moves_the_clock_and_is_remembered(clock: FakeClock) -> None:
    clock.sleep(1.5)
    assert (clock.monotonic(), clock.sleeps) == (1.5, [1.5])


def test_the_clock_does_not_go_back(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_fixed_values_come_in_turn() -> None:
    random = FixedRandom(0.1, 0.9)
    assert [random.random() for _ in range(3)] == [0.1, 0.9, 0.1]


def test_a_cached_answer_is_gone_when_its_time_is_over(clock: FakeClock) -> None:
    cache = InMemoryAnswerCache(clock)
    cache.set("a", b"1", ttl_s=10)
    clock.advance(9)
    assert (cache.get("a"), cache.ttl_s("a"), cache.keys()) == (b"1", 1, ["a"])
    clock.advance(1)
    assert (cache.get("a"), cache.ttl_s("a"), cache.keys()) == (None, None, [])


def test_a_cache_that_is_down_is_an_empty_one(clock: FakeClock) -> None:
    cache = InMemoryAnswerCache(clock)
    cache.set("a", b"1", ttl_s=10)
    cache.down = True
    assert cache.get("a") is None
    cache.set("b", b"2", ttl_s=10)
    cache.delete("a")
    cache.down = False
    assert cache.keys() == ["a"]


def test_a_snapshot_belongs_to_customer_arguments_and_provider() -> None:
    store = InMemorySnapshotStore()
    year = sample_answer(Capability.LTV, LtvRequest(ANN, 12), "quimbi", EPOCH)
    store.keep(Capability.LTV, LtvRequest(ANN, 12), year, asked_at=EPOCH)

    def held(request: LtvRequest, provider: str = "quimbi") -> list[object]:
        found = store.held(Capability.LTV, request, providers=["other", provider], not_before=EPOCH)
        return [snapshot.answer for snapshot in found]

    assert held(LtvRequest(ANN, 12)) == [year]
    assert held(LtvRequest(ANN, 6)) == []
    assert held(LtvRequest(BEN, 12)) == []
    assert held(LtvRequest(ANN, 12), "stub") == []


def test_recent_snapshots_are_told_in_the_order_of_the_providers() -> None:
    store, request = InMemorySnapshotStore(), ChurnRequest(ANN)
    old = sample_answer(Capability.CHURN, request, "first", EPOCH - timedelta(days=1))
    new = sample_answer(Capability.CHURN, request, "second", EPOCH)
    for answer in (new, old):
        store.keep(Capability.CHURN, request, answer, asked_at=EPOCH)
    told = [
        [each.answer for each in store.held(Capability.CHURN, request, providers=order, not_before=since)]
        for order, since in [
            (["first", "second"], EPOCH - timedelta(days=2)),
            (["second", "first"], EPOCH - timedelta(days=2)),
            (["first", "second"], EPOCH - timedelta(hours=1)),
        ]
    ]
    assert told == [[old, new], [new, old], [new]]


def test_a_mark_stays_until_an_answer_that_was_asked_for_after_it() -> None:
    store, request = InMemorySnapshotStore(), ChurnRequest(ANN)
    answer = sample_answer(Capability.CHURN, request, "quimbi", EPOCH)

    def outdated() -> list[bool]:
        found = store.held(Capability.CHURN, request, providers=["quimbi"], not_before=EPOCH)
        return [snapshot.outdated for snapshot in found]

    store.keep(Capability.CHURN, request, answer, asked_at=EPOCH)
    store.mark_outdated(ANN.id, EPOCH + timedelta(seconds=1))
    assert outdated() == [True]
    store.keep(Capability.CHURN, request, answer, asked_at=EPOCH)
    assert outdated() == [True]
    store.keep(Capability.CHURN, request, answer, asked_at=EPOCH + timedelta(seconds=2))
    assert outdated() == [False]


def test_history_is_told_up_to_the_limit() -> None:
    order = Order(external_id="1", ordered_at=EPOCH, currency="EUR", total=Decimal(5))
    history = RecordedHistory(orders={"ann": [order, replace(order, external_id="2")]})
    assert [told.external_id for told in history.recent_orders("ann", limit=1)] == ["1"]
    assert history.recent_orders("ben", limit=1) == history.recent_contacts("ann", limit=1) == ()


def test_a_host_is_made_with_what_a_test_cares_about(clock: FakeClock) -> None:
    host = make_host(clock=clock, environment={"QUIMBI_API_KEY": "qpk_test_x"}, processes=4)
    assert (host.clock, host.processes, host.deployment) == (clock, 4, "development")


def test_an_unscripted_provider_answers_every_capability(clock: FakeClock) -> None:
    provider: IntelligenceProvider = ScriptedProvider(clock=clock)
    never = Deadline.never(clock)
    assert provider.capabilities == FACTS | TEXTS
    assert provider.analyze(AnalysisRequest(ANN), never).customer_id == "ann"
    assert provider.predict_churn(ChurnRequest(ANN, 60), never).window_days == 60
    assert provider.forecast_ltv(LtvRequest(ANN, 6), never).horizon_months == 6
    assert provider.draft_reply(DraftRequest(customer=ANN, ticket=TICKET), never).channel == "email"
    assert provider.recommend_actions(RecommendationRequest(customer=ANN, ticket=TICKET), never).actions


def test_a_script_is_played_in_order_and_its_last_step_stays(clock: FakeClock) -> None:
    provider, request, never = ScriptedProvider(clock=clock), AnalysisRequest(ANN), Deadline.never(clock)
    answer = sample_answer(Capability.ANALYZE, request, "scripted", EPOCH)
    provider.script(Capability.ANALYZE, TimedOut(), lambda *_: answer, TimedOut())
    with pytest.raises(TimedOut):
        provider.analyze(request, never)
    assert provider.analyze(request, never) is answer
    for _ in range(2):
        with pytest.raises(TimedOut):
            provider.analyze(request, never)
    assert (provider.calls(), provider.calls(Capability.ANALYZE), provider.calls(Capability.LTV)) == (4, 4, 0)
    provider.script(Capability.ANALYZE)
    assert provider.analyze(request, never).customer_id == "ann"


def test_a_scripted_call_is_recorded_with_its_deadline(clock: FakeClock) -> None:
    provider = ScriptedProvider(clock=clock)
    provider.predict_churn(ChurnRequest(BEN), Deadline.after(3, clock))
    call = provider.recorded[0]
    assert (call.capability, call.request.customer, call.deadline.remaining_s) == (Capability.CHURN, BEN, 3)

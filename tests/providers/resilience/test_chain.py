"""The assembled chain: what its order of guards promises."""

from collections.abc import Iterator

import pytest

from providers.chain import ChainSettings, ChainSettingsSchema, build_chain
from providers.deadline import Deadline
from providers.errors import (
    CustomerNotFound,
    NoAnswer,
    Paused,
    QuotaSpent,
    RateLimited,
    TimedOut,
    UpstreamError,
)
from providers.interface import GuardPolicy
from providers.models import Capability, Reason, Source
from providers.resilience.breaker import CircuitSettings
from providers.settings import SettingsError
from providers.testing.fakes import (
    FakeClock,
    FixedRandom,
    InMemoryAnswerCache,
    InMemorySnapshotStore,
    RecordingObserver,
    ScriptedProvider,
    StaticToggles,
)
from tests.providers.resilience.questions import analysis, churn, draft, eventually, ltv, outcome, soon

POLICY = GuardPolicy(max_retries=2, max_concurrency=8, calls_per_minute=100, calls_per_hour=1000)


class Desk:
    """A chain of quimbi and fallback, with everything around it in memory."""

    def __init__(self, clock: FakeClock, *, policy: GuardPolicy | None = POLICY) -> None:
        self.clock = clock
        self.quimbi = ScriptedProvider("quimbi", clock=clock, policy=policy)
        self.fallback = ScriptedProvider("fallback", clock=clock, generic=True)
        self.cache = InMemoryAnswerCache(clock)
        self.snapshots = InMemorySnapshotStore()
        self.toggles = StaticToggles("quimbi", "fallback")
        self.observer = RecordingObserver()
        self.chain = build_chain(
            [self.quimbi, self.fallback],
            ChainSettings.from_environment({}),
            cache=self.cache,
            snapshots=self.snapshots,
            toggles=self.toggles,
            observer=self.observer,
            clock=clock,
            random=FixedRandom(0.5),
        )

    def analyze(self, customer_id="cust_123", seconds=10.0):
        return self.chain.analyze(analysis(customer_id), soon(self.clock, seconds))

    def break_down(self):
        self.quimbi.script(Capability.ANALYZE, UpstreamError())
        for customer in range(5):
            self.analyze(f"cold_{customer}")


@pytest.fixture
def desk(clock: FakeClock) -> Iterator[Desk]:
    desk = Desk(clock)
    yield desk
    desk.chain.close()


def test_a_first_reading_is_fresh_a_second_cached_and_one_in_an_outage_stale(desk):
    assert desk.analyze().provenance.source is Source.FRESH
    assert desk.analyze().provenance.source is Source.CACHE
    desk.clock.advance(901)
    desk.quimbi.script(Capability.ANALYZE, UpstreamError())
    desk.analyze()
    stale = eventually(lambda: desk.analyze().provenance, lambda provenance: provenance.reason)
    assert (stale.source, stale.degraded, stale.reason) == (Source.STALE, False, Reason.PROVIDER_ERROR)
    desk.clock.advance(10)
    desk.quimbi.script(Capability.ANALYZE)
    eventually(lambda: desk.analyze().provenance, lambda provenance: provenance.source is Source.CACHE)
    assert {record.provider for record in desk.observer.records} == {"quimbi"}, (
        "words are not asked for behind"
    )


def test_background_refreshes_stay_within_their_share_of_the_quota(desk):
    for number in range(60):
        desk.analyze(f"cust_{number}")
        desk.clock.advance(1)
    desk.clock.advance(3600)
    desk.quimbi.recorded.clear()
    for number in range(60):
        assert desk.analyze(f"cust_{number}").provenance.source is Source.STALE
    eventually(lambda: desk.chain.refreshes_waiting, lambda waiting: waiting == 10)
    assert desk.quimbi.calls() == 50
    desk.clock.advance(60)
    eventually(lambda: desk.chain.refreshes_waiting, lambda waiting: waiting == 0)
    eventually(desk.quimbi.calls, lambda calls: calls == 60)


def test_who_waits_for_fresh_facts_gets_them(desk):
    desk.analyze()
    desk.clock.advance(901)
    assert desk.chain.awaiting.analyze(analysis(), soon(desk.clock)).provenance.source is Source.FRESH


def test_one_call_with_all_its_retries_is_one_count_of_the_circuit(desk):
    desk.quimbi.script(Capability.ANALYZE, UpstreamError())
    for customer in range(4):
        desk.analyze(f"cold_{customer}")
    assert desk.quimbi.calls() == 4 * 3
    assert desk.chain.circuits()["quimbi"][Capability.ANALYZE].name == "closed"
    desk.analyze("cold_4")
    assert desk.chain.circuits()["quimbi"][Capability.ANALYZE].name == "open"


def test_an_open_circuit_costs_no_call_and_no_time(desk):
    desk.break_down()
    calls, now = desk.quimbi.calls(), desk.clock.monotonic()
    provenance = desk.analyze("another").provenance
    assert (provenance.source, provenance.reason) == (Source.FALLBACK, Reason.CIRCUIT_OPEN)
    assert (desk.quimbi.calls(), desk.clock.monotonic()) == (calls, now)


def test_a_provider_that_is_back_answers_the_first_probe(desk):
    desk.break_down()
    desk.clock.advance(30)
    desk.quimbi.script(Capability.ANALYZE)
    assert desk.analyze("another").provenance.source is Source.FRESH
    assert desk.chain.circuits()["quimbi"][Capability.ANALYZE].name == "closed"


def test_a_rate_limit_pauses_every_capability_and_opens_no_circuit(desk):
    desk.quimbi.script(Capability.ANALYZE, RateLimited(retry_after_s=60))
    assert desk.analyze().provenance.reason is Reason.RATE_LIMITED
    assert desk.quimbi.calls() == 1
    text = desk.chain.draft_reply(draft(), soon(desk.clock))
    assert (text.provenance.source, text.provenance.reason) == (Source.FALLBACK, Reason.RATE_LIMITED)
    assert desk.quimbi.calls() == 1
    status = desk.chain.status()["quimbi"]
    assert status.paused_s == 60
    assert {circuit.name for circuit in status.circuits.values()} == {"closed"}


def test_with_the_fallback_off_what_is_left_of_the_pause_is_told(desk):
    desk.toggles.names = ("quimbi",)
    desk.quimbi.script(Capability.DRAFT, RateLimited(retry_after_s=60))
    outcome(lambda: desk.chain.draft_reply(draft(), soon(desk.clock)))
    desk.clock.advance(15)
    with pytest.raises(NoAnswer) as raised:
        desk.chain.draft_reply(draft(), soon(desk.clock))
    assert raised.value.retry_after_s == pytest.approx(45)


def test_a_broken_plugin_does_not_take_the_desk_down(desk):
    desk.quimbi.script(Capability.ANALYZE, ZeroDivisionError())
    desk.fallback.script(Capability.DRAFT, KeyError("oops"))
    desk.quimbi.script(Capability.DRAFT, TimedOut())
    assert desk.analyze().provenance.source is Source.FALLBACK
    with pytest.raises(NoAnswer):
        desk.chain.draft_reply(draft(), soon(desk.clock))


def test_a_customer_not_found_is_an_answer_that_is_cached_and_remembered(desk):
    desk.quimbi.script(Capability.ANALYZE, CustomerNotFound())
    for source in (Source.FRESH, Source.CACHE):
        answer = desk.analyze()
        assert (answer.known, answer.provenance.source) == (False, source)
        assert (answer.provenance.degraded, answer.provenance.reason) == (False, Reason.UNKNOWN_CUSTOMER)
    assert desk.quimbi.calls() == 1
    assert len(desk.snapshots) == 1


def test_no_time_left_is_no_call(desk):
    assert desk.analyze(seconds=0).provenance.reason is Reason.TIMEOUT
    assert desk.quimbi.calls() == 0


def test_every_attempt_is_observed_and_a_hit_is_none(desk):
    desk.quimbi.script(Capability.ANALYZE, UpstreamError())
    desk.analyze()
    assert [record.provider for record in desk.observer.records] == ["quimbi"] * 3 + ["fallback"]
    desk.quimbi.script(Capability.ANALYZE)
    desk.analyze()
    desk.observer.records.clear()
    desk.analyze()
    assert desk.observer.records == []


def test_a_forgotten_customer_still_has_a_last_known_good(desk):
    deadline = Deadline.after(10, desk.clock)
    desk.analyze()
    desk.chain.predict_churn(churn(), deadline)
    for months in (1, 12, 36):
        desk.chain.forecast_ltv(ltv(months), deadline)
    desk.chain.analyze(analysis("another"), deadline)
    desk.chain.forget("cust_123")
    assert desk.cache.keys() == ["customer_intel:another"]
    calls = desk.quimbi.calls()
    assert desk.analyze().provenance.source is Source.CACHE, "what is kept is as good as what was cached"
    assert desk.quimbi.calls() == calls
    desk.chain.forget("cust_123")
    desk.quimbi.script(Capability.ANALYZE, TimedOut())
    assert desk.chain.awaiting.analyze(analysis(), deadline).provenance.source is Source.STALE


def test_background_calls_pass_the_cache_and_leave_half_of_the_quota(desk):
    background = desk.chain.background("quimbi")
    outcomes = [outcome(lambda: background.analyze(analysis(), soon(desk.clock))) for _ in range(60)]
    assert desk.quimbi.calls() == 50
    assert isinstance(outcomes[-1], QuotaSpent)
    assert desk.analyze().provenance.source is Source.FRESH, "people's calls go on"


def test_a_guarded_provider_is_behind_its_guards_alone(desk):
    desk.quimbi.script(Capability.ANALYZE, RateLimited())
    guarded = desk.chain.guarded("quimbi")
    assert isinstance(outcome(lambda: guarded.analyze(analysis(), soon(desk.clock))), RateLimited)
    assert isinstance(outcome(lambda: guarded.analyze(analysis(), soon(desk.clock))), Paused)


def test_an_operator_can_reset_a_providers_circuits_and_pause(desk):
    desk.break_down()
    desk.quimbi.script(Capability.DRAFT, RateLimited())
    desk.chain.draft_reply(draft(), soon(desk.clock))
    desk.chain.reset_circuits("quimbi")
    assert desk.chain.circuits()["quimbi"][Capability.ANALYZE].name == "closed"
    assert desk.chain.status()["quimbi"].paused_s == 0


def test_openings_are_those_that_this_process_has_seen_itself(desk):
    desk.break_down()
    assert desk.chain.hint_open("quimbi", Capability.DRAFT, 20)
    assert desk.chain.status()["quimbi"].openings == {Capability.ANALYZE: 30.0}
    text = desk.chain.draft_reply(draft(), soon(desk.clock))
    assert (text.provenance.source, text.provenance.reason) == (Source.FALLBACK, Reason.CIRCUIT_OPEN)
    assert not desk.chain.hint_open("fallback", Capability.DRAFT, 20), "it needs no circuit"


def test_a_local_provider_is_neither_cached_nor_guarded(clock):
    desk = Desk(clock, policy=None)
    desk.analyze()
    desk.analyze()
    assert desk.quimbi.calls() == 2
    assert desk.cache.keys() == []
    assert desk.chain.status()["quimbi"].circuits == {}


def test_a_guarded_provider_may_ask_not_to_be_cached(clock):
    desk = Desk(clock, policy=GuardPolicy(cached=False))
    desk.analyze()
    assert desk.analyze().provenance.source is Source.FRESH
    assert desk.cache.keys() == []


def test_what_is_offered_is_what_a_provider_with_knowledge_offers(desk):
    assert desk.chain.offers(Capability.DRAFT)
    desk.toggles.names = ("fallback",)
    assert not desk.chain.offers(Capability.DRAFT)


def test_closing_the_chain_closes_the_providers(desk):
    desk.chain.close()
    assert desk.quimbi.closed
    assert desk.fallback.closed


def test_the_settings_default_to_the_documented_figures():
    settings = ChainSettings.from_environment({})
    assert settings.ttl_s == {Capability.ANALYZE: 900, Capability.CHURN: 3600, Capability.LTV: 3600}
    assert settings.single_flight_wait_s == 2.0
    assert settings.snapshot_max_age_s == 30 * 24 * 3600
    assert settings.circuit == CircuitSettings()


def test_every_bad_setting_is_told_at_once_with_its_cure():
    variables = ChainSettingsSchema.variables()
    with pytest.raises(SettingsError) as raised:
        ChainSettings.from_environment(dict.fromkeys(variables, "nan"))
    assert sorted(raised.value.faults) == sorted(variables)
    assert all("Set a" in " ".join(messages) for messages in raised.value.faults.values())


def test_every_setting_is_described():
    assert all(field.metadata["description"] for field in ChainSettingsSchema().fields.values())

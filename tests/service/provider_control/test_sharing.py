"""Processes that tell each other how they do: two on one database, on both databases."""

from collections.abc import Callable

import msgspec
import pytest
from flask import Flask
from sqlalchemy import func, select, update

from providers.chain import ChainSettings, build_chain
from providers.errors import UpstreamError
from providers.interface import GuardPolicy
from providers.models import Capability, Reason
from providers.testing.fakes import (
    FakeClock,
    FixedRandom,
    InMemoryAnswerCache,
    InMemorySnapshotStore,
    ScriptedProvider,
)
from service.cache import install_cache
from service.database import Database
from service.events import EventLog
from service.provider_control.models import ProcessHeartbeat
from service.provider_control.reports import Process, Reporter
from service.provider_control.sharing import Heartbeats
from service.provider_control.statistics import CallStatistics
from service.provider_control.switching import Cause, Switches
from service.provider_control.toggles import RuntimeToggles
from tests.providers.resilience.questions import analysis, soon


class Desk:
    """A process with one provider that can fail."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self.clock = clock
        self.quimbi = ScriptedProvider("quimbi", clock=clock, policy=GuardPolicy())
        self.fallback = ScriptedProvider("fallback", clock=clock, generic=True)
        self.toggles = RuntimeToggles(["quimbi", "fallback"])
        statistics = CallStatistics(clock)
        cache = install_cache(Flask("desk"), redis_url=None, key_prefix="", clock=clock)
        self.chain = build_chain(
            [self.quimbi, self.fallback],
            ChainSettings.from_environment({}),
            cache=InMemoryAnswerCache(clock),
            snapshots=InMemorySnapshotStore(),
            toggles=self.toggles,
            observer=statistics,
            clock=clock,
            random=FixedRandom(),
        )
        self.switches = Switches(database, EventLog(), self.toggles, self.chain, clock)
        reporter = Reporter(
            [self.quimbi, self.fallback],
            chain=self.chain,
            toggles=self.toggles,
            statistics=statistics,
            cache=cache,
            clock=clock,
        )
        self.process = Process.this(clock)
        self.heartbeats = Heartbeats(
            database,
            self.process,
            reporter=reporter,
            chain=self.chain,
            toggles=self.toggles,
            clock=clock,
        )

    def ask(self, customer_id: str) -> Reason | None:
        return self.chain.analyze(analysis(customer_id), soon(self.clock)).provenance.reason

    def break_down(self) -> None:
        self.quimbi.script(Capability.ANALYZE, UpstreamError())
        for customer in range(5):
            self.ask(f"cold_{customer}")

    def circuit(self) -> str:
        return self.chain.circuits()["quimbi"][Capability.ANALYZE].name

    def share(self) -> int:
        return self.heartbeats.share()["hints"]


@pytest.fixture
def start(database: Database, clock: FakeClock) -> Callable[[], Desk]:
    return lambda: Desk(database, clock)


def test_a_process_hears_of_the_others_and_not_of_itself(start, clock) -> None:
    one, other = start(), start()
    one.break_down()
    assert one.heartbeats.others() == []
    one.share()
    other.share()
    (heard,) = other.heartbeats.others()
    assert heard.process == one.process
    assert msgspec.json.encode(heard) == msgspec.json.encode(one.heartbeats.here())
    told = heard.report.providers[0].capabilities[Capability.ANALYZE]
    assert (told.circuit.name, told.calls, told.failures) == ("open", 5, 5)
    assert told.latency.counts[-1] == 5
    assert heard.report.providers[0].last_error.reason is Reason.PROVIDER_ERROR
    assert heard.at == clock.now()


def test_who_has_been_silent_for_ten_seconds_is_not_shown_and_later_pruned(start, clock, database) -> None:
    one, other = start(), start()
    one.share()
    clock.advance(10)
    assert len(other.heartbeats.others()) == 1
    clock.advance(1)
    assert other.heartbeats.others() == []
    clock.advance(60)
    other.share()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ProcessHeartbeat)) == 1


def test_a_report_of_another_release_is_passed_over(start, database) -> None:
    one, other = start(), start()
    one.share()
    with database.writing() as session:
        session.execute(update(ProcessHeartbeat).values(report={"unheard": "of"}))
    assert other.share() == 0
    assert other.heartbeats.others() == []


def test_an_open_circuit_is_a_hint_to_the_others_until_it_ends(start, clock) -> None:
    one, other = start(), start()
    one.break_down()
    one.share()
    clock.advance(2)
    assert other.share() == 1
    assert other.ask("another") is Reason.CIRCUIT_OPEN
    assert other.quimbi.calls() == 0
    assert other.chain.circuits()["quimbi"][Capability.ANALYZE].retry_after_s == pytest.approx(28)
    clock.advance(28)
    assert other.ask("another") is None, "it probes by itself"
    assert other.circuit() == "closed"


def test_a_hint_is_not_passed_on(start, clock) -> None:
    one, other, third = start(), start(), start()
    one.break_down()
    one.share()
    other.share()
    assert [told.report.openings for told in (one.heartbeats.here(), other.heartbeats.here())][1] == []
    one.switches.reset_circuit("quimbi", Cause(actor="key:ops", reason="It is back."))
    one.share()
    assert third.share() == 0
    assert third.circuit() == "closed"


def test_a_hint_that_has_ended_is_ignored(start, clock) -> None:
    one, other = start(), start()
    one.break_down()
    clock.advance(29)
    one.share()
    clock.advance(1)
    assert other.share() == 0
    assert other.circuit() == "closed"


def test_a_reset_is_not_undone_by_openings_from_before_it(start, clock) -> None:
    one, other = start(), start()
    other.break_down()
    other.share()
    one.share()
    one.switches.reset_circuit("quimbi", Cause(actor="key:ops", reason="It is back."))
    assert one.circuit() == "closed"
    assert one.share() == 0, "the other has not heard of the reset yet"
    other.switches.follow()
    assert (one.circuit(), other.circuit()) == ("closed", "closed")
    clock.advance(61)
    other.break_down()
    other.share()
    assert one.share() == 1, "what opened after the reset counts again"


def test_who_is_answered_does_not_believe_one_whose_way_there_is_broken(start, clock) -> None:
    one, other = start(), start()
    one.break_down()
    one.share()
    clock.advance(1)
    assert other.ask("another") is None
    assert other.share() == 0
    assert other.circuit() == "closed"


def test_an_opening_of_a_provider_that_is_not_ours_is_passed_over(start, database) -> None:
    one, other = start(), start()
    one.break_down()
    one.share()
    with database.reading() as session:
        report = dict(session.scalars(select(ProcessHeartbeat.report)).one())
    report["openings"] = [{**opening, "provider": "oracle"} for opening in report["openings"]]
    with database.writing() as session:
        session.execute(update(ProcessHeartbeat).values(report=report))
    assert other.share() == 0

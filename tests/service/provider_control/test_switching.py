"""Changes of the toggles on both databases: none is lost, each is told."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from sqlalchemy import create_engine, delete
from structlog.testing import capture_logs

from providers.chain import ChainSettings, IntelligenceChain, build_chain
from providers.errors import UpstreamError
from providers.interface import GuardPolicy
from providers.models import Capability
from providers.testing.fakes import (
    FakeClock,
    FixedRandom,
    InMemoryAnswerCache,
    InMemorySnapshotStore,
    RecordingObserver,
    ScriptedProvider,
)
from service.database import Database, DatabaseUnavailable
from service.errors import Conflict, InvalidField, NotFound
from service.events import EventLog
from service.http.pagination import Cursor, Page
from service.provider_control.models import ProviderToggles
from service.provider_control.switching import Cause, Switches
from service.provider_control.toggles import RuntimeToggles
from tests.providers.resilience.questions import analysis, soon

CAUSE = Cause(actor="key:ops", reason="Maintenance.")
NAMES = ("quimbi", "stub", "fallback")
_fresh_numbers = count()


class Desk:
    """What one process has of this: a chain, and the switches that it follows."""

    def __init__(self, database: Database, clock: FakeClock, names: tuple[str, ...] = NAMES) -> None:
        self.clock = clock
        self.quimbi = ScriptedProvider("quimbi", clock=clock, policy=GuardPolicy())
        others = [ScriptedProvider(name, clock=clock, generic=name == "fallback") for name in names]
        self.toggles = RuntimeToggles(names)
        self.chain: IntelligenceChain = build_chain(
            [self.quimbi if each.name == "quimbi" else each for each in others],
            ChainSettings.from_environment({}),
            cache=InMemoryAnswerCache(clock),
            snapshots=InMemorySnapshotStore(),
            toggles=self.toggles,
            observer=RecordingObserver(),
            clock=clock,
            random=FixedRandom(),
        )
        self.switches = Switches(database, EventLog(), self.toggles, self.chain, clock)

    def start(self) -> None:
        self.switches.settle()
        self.switches.follow()

    @property
    def enabled(self) -> tuple[str, ...]:
        return tuple(self.toggles.enabled())

    def disable(self, name: str) -> None:
        self.switches.change(name, enabled=False, position=None, cause=CAUSE)

    def circuit(self) -> str:
        return self.chain.circuits()["quimbi"][Capability.ANALYZE].name

    def open_circuit(self) -> None:
        self.quimbi.script(Capability.ANALYZE, UpstreamError())
        for _ in range(5):
            self.chain.analyze(analysis(f"cold_{next(_fresh_numbers)}"), soon(self.clock))


@pytest.fixture
def start(database: Database, clock: FakeClock) -> Callable[..., Desk]:
    def start(names: tuple[str, ...] = NAMES) -> Desk:
        desk = Desk(database, clock, names)
        desk.start()
        return desk

    return start


def test_who_changes_follows_at_once_and_the_others_when_they_look(start) -> None:
    one, other = start(), start()
    one.disable("quimbi")
    assert one.enabled == ("stub", "fallback")
    assert other.enabled == NAMES
    assert other.switches.follow() == {"followed": 1}
    assert other.enabled == ("stub", "fallback")
    assert other.switches.follow() == {"followed": 0}


def test_a_restart_keeps_what_was_switched_until_a_reset(start) -> None:
    start().disable("quimbi")
    again = start()
    assert again.enabled == ("stub", "fallback")
    again.switches.reset(CAUSE)
    assert again.enabled == start().enabled == NAMES


def test_no_change_of_fifty_at_once_is_lost(database, clock, start) -> None:
    desks = [start() for _ in range(10)]
    together = threading.Barrier(10)

    def change(desk: Desk) -> list[int]:
        together.wait()
        made = []
        for turn in range(5):
            state = desk.switches.change("stub", enabled=bool(turn % 2), position=turn % 3 + 1, cause=CAUSE)
            made.append(state.version)
        return made

    with ThreadPoolExecutor(10) as pool:
        versions = [version for made in pool.map(change, desks) for version in made]
    assert sorted(versions) == list(range(1, 51))
    listed = start().switches.history(Page(limit=100))
    assert {change.version for change in listed.rows} == set(range(1, 51))
    for desk in desks:
        desk.switches.follow()
    assert len({(desk.toggles.state.version, desk.enabled) for desk in desks}) == 1


def test_the_history_tells_who_when_why_and_from_what_to_what(start, clock) -> None:
    desk = start()
    desk.disable("quimbi")
    clock.advance(60)
    desk.switches.arrange(["fallback", "stub"], Cause(actor="cli:kim", reason="Try it."))
    latest, first = desk.switches.history(Page()).rows
    assert (first.change, first.provider, first.changed_by, first.reason, first.version) == (
        "disabled",
        "quimbi",
        "key:ops",
        "Maintenance.",
        1,
    )
    assert (first.disabled_before, first.disabled) == ([], ["quimbi"])
    assert (latest.change, latest.provider, latest.changed_by) == ("reordered", None, "cli:kim")
    assert (latest.order_before, latest.order) == (list(NAMES), ["fallback", "stub", "quimbi"])
    assert (latest.at - first.at).total_seconds() == 60


def test_the_history_is_walked_by_cursor(start, clock) -> None:
    desk = start()
    for turn in range(7):
        clock.advance(turn % 2)  # some at the same moment
        desk.disable("stub")
    walked, cursor = [], None
    while True:
        listed = desk.switches.history(Page(limit=3, cursor=cursor))
        walked += [change.version for change in listed.rows]
        assert listed.pagination.total == 7
        if listed.pagination.next_cursor is None:
            break
        cursor = Cursor.decode(listed.pagination.next_cursor)
    assert walked == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.usefixtures("plain_logging")
def test_a_changed_configuration_drops_what_was_switched_and_says_so_once(start) -> None:
    start().disable("quimbi")
    with capture_logs() as logs:
        changed = start(("quimbi", "fallback"))
        also = start(("quimbi", "fallback"))
    assert changed.enabled == also.enabled == ("quimbi", "fallback")
    (told,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (told["event"], told["made_for"]) == ("provider_toggles_dropped", list(NAMES))
    latest = changed.switches.history(Page()).rows[0]
    assert (latest.change, latest.provider, latest.changed_by) == ("toggles_dropped", None, "service")
    assert latest.disabled_before == ["quimbi"]


@pytest.mark.usefixtures("plain_logging")
def test_where_nothing_was_switched_a_changed_configuration_drops_nothing(start) -> None:
    start().switches.reset(CAUSE)
    with capture_logs() as logs:
        changed = start(("quimbi", "fallback"))
    assert not [entry for entry in logs if entry["log_level"] == "warning"]
    changed.disable("quimbi")
    assert changed.enabled == ("fallback",)


def test_a_process_of_another_configuration_neither_follows_nor_switches(start) -> None:
    old = start()
    new = start(("quimbi", "fallback"))
    new.disable("quimbi")
    old.switches.follow()
    assert old.enabled == NAMES
    with pytest.raises(Conflict, match="INTELLIGENCE_PROVIDERS"):
        old.disable("stub")
    old.switches.reset(CAUSE)
    old.disable("stub")
    assert old.enabled == ("quimbi", "fallback")


def test_a_provider_that_is_not_configured_cannot_be_switched(start) -> None:
    desk = start(("quimbi", "fallback"))
    with pytest.raises(NotFound, match=r"started with quimbi, fallback.*INTELLIGENCE_PROVIDERS"):
        desk.disable("stub")


def test_an_order_names_each_once(start) -> None:
    with pytest.raises(InvalidField, match="twice"):
        start().switches.arrange(["stub", "stub"], CAUSE)


def test_a_refused_change_changes_nothing(start) -> None:
    desk = start()
    with pytest.raises(InvalidField):
        desk.switches.change("stub", enabled=False, position=4, cause=CAUSE)
    desk.switches.follow()
    assert desk.toggles.state.version == 0
    assert desk.switches.history(Page()).rows == []


def test_a_circuit_is_reset_in_every_process_once(start) -> None:
    one, other = start(), start()
    for desk in (one, other):
        desk.open_circuit()
    one.switches.reset_circuit("quimbi", CAUSE)
    assert (one.circuit(), other.circuit()) == ("closed", "open")
    other.switches.follow()
    assert other.circuit() == "closed"
    other.clock.advance(61)
    other.open_circuit()
    other.switches.follow()
    assert other.circuit() == "open"


def test_while_the_database_is_away_the_last_known_state_goes_on(start, tmp_path) -> None:
    desk = start()
    desk.disable("quimbi")
    desk.switches._database = away = Database(create_engine(f"sqlite:///{tmp_path}"))
    with pytest.raises(DatabaseUnavailable):
        desk.switches.follow()
    assert desk.enabled == ("stub", "fallback")
    away.close()


def test_a_database_that_was_emptied_is_followed_too(start, database) -> None:
    desk = start()
    desk.disable("quimbi")
    with database.writing() as session:
        session.execute(delete(ProviderToggles))
    desk.switches.follow()
    assert desk.enabled == NAMES

import pytest

from providers.errors import Busy
from providers.models import Capability
from providers.resilience.places import Placed, Places
from providers.resilience.visits import Visit
from providers.testing.fakes import FakeClock, ScriptedProvider
from tests.providers.resilience.questions import analysis, churn, draft, on, soon


@pytest.fixture
def places() -> Places:
    return Places(1)


def test_who_finds_no_place_is_refused_at_once(places):
    def second():
        with pytest.raises(Busy), places.one():
            pass

    def first():
        with places.one():
            on(Visit(), second)

    on(Visit(), first)
    on(Visit(), first)


def test_a_request_holds_one_place_however_deep_it_calls(places):
    def view():
        with places.one(), places.if_free() as placed, places.one():
            return placed

    assert on(Visit(), view)


def test_a_place_is_given_back_after_an_error(places):
    def fail():
        with places.one():
            raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            on(Visit(), fail)


def test_what_holds_no_thread_of_a_server_needs_no_place():
    with Places(0).one():
        pass


@pytest.mark.parametrize(
    "ask",
    [
        lambda placed, clock: placed.analyze(analysis(), soon(clock)),
        lambda placed, clock: placed.predict_churn(churn(30), soon(clock)),
        lambda placed, clock: placed.draft_reply(draft(), soon(clock)),
    ],
    ids=["facts", "facts that no cache keeps", "a text"],
)
def test_without_a_place_no_provider_is_asked(clock: FakeClock, ask):
    provider = ScriptedProvider("quimbi", clock=clock)
    placed = Placed(provider, places=Places(0))
    with pytest.raises(Busy):
        on(Visit(), lambda: ask(placed, clock))
    assert provider.calls() == 0
    assert placed.capabilities == frozenset(Capability)
    ask(placed, clock)
    assert provider.calls() == 1

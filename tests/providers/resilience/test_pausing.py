import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import Paused, RateLimited, TimedOut, UpstreamError
from providers.models import Capability
from providers.resilience.pausing import Pausing
from providers.testing.fakes import FakeClock, ScriptedProvider
from tests.providers.resilience.questions import analysis, draft, outcome, soon


@pytest.fixture
def provider(clock: FakeClock) -> ScriptedProvider:
    return ScriptedProvider("quimbi", clock=clock)


@pytest.fixture
def pausing(provider: ScriptedProvider, clock: FakeClock) -> Pausing:
    return Pausing(provider, clock=clock)


def provoke(pausing, provider, clock, error):
    provider.script(Capability.ANALYZE, error)
    assert outcome(lambda: pausing.analyze(analysis(), soon(clock))) is error


def test_a_pause_holds_for_every_capability_and_tells_what_is_left(pausing, provider, clock):
    provoke(pausing, provider, clock, RateLimited(retry_after_s=20))
    clock.advance(5)
    with pytest.raises(Paused) as raised:
        pausing.draft_reply(draft(), soon(clock))
    assert raised.value.retry_after_s == pytest.approx(15)
    assert provider.calls() == 1


def test_after_the_pause_the_provider_is_called_again(pausing, provider, clock):
    provoke(pausing, provider, clock, RateLimited(retry_after_s=20))
    clock.advance(20)
    pausing.draft_reply(draft(), soon(clock))
    assert provider.calls() == 2


@pytest.mark.parametrize(("asked_s", "pause_s"), [(None, 60), (7, 7), (300, 300), (86_400, 300)])
def test_a_pause_lasts_as_asked_within_bounds(pausing, provider, clock, asked_s, pause_s):
    provoke(pausing, provider, clock, RateLimited(retry_after_s=asked_s))
    assert pausing.remaining_s == pause_s


def test_a_fault_that_names_a_wait_pauses_too(pausing, provider, clock):
    provoke(pausing, provider, clock, UpstreamError(retry_after_s=30))
    assert pausing.remaining_s == 30


def test_any_other_fault_does_not_pause(pausing, provider, clock):
    provoke(pausing, provider, clock, TimedOut())
    assert pausing.remaining_s == 0


def test_an_operator_can_end_a_pause(pausing, provider, clock):
    provoke(pausing, provider, clock, RateLimited(retry_after_s=20))
    pausing.resume()
    pausing.draft_reply(draft(), soon(clock))


@given(asked_s=st.lists(st.floats(0, 1000) | st.none(), min_size=1, max_size=5))
def test_overlapping_rate_limits_never_shorten_a_pause(asked_s):
    clock = FakeClock()
    provider = ScriptedProvider("quimbi", clock=clock)
    pausing = Pausing(provider, clock=clock)

    def overlapping(remaining):
        def limited(request, deadline):
            if remaining:
                provider.script(Capability.ANALYZE, overlapping(remaining[1:]))
                outcome(lambda: pausing.analyze(request, deadline))
            raise RateLimited(retry_after_s=asked_s[len(asked_s) - 1 - len(remaining)])

        return limited

    provider.script(Capability.ANALYZE, overlapping(asked_s[1:]))
    outcome(lambda: pausing.analyze(analysis(), soon(clock)))
    assert pausing.remaining_s == max(60 if asked is None else min(asked, 300) for asked in asked_s)

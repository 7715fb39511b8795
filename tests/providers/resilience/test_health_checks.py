"""A health check is a call like any other to the guards, but for the circuit: it has to tell the truth."""

import pytest

from providers.errors import Busy, Paused, QuotaSpent, RateLimited, TimedOut, UpstreamError
from providers.interface import Connection, GuardPolicy, ProviderHealth
from providers.models import Capability, Reason
from providers.resilience.concurrency import Limited
from providers.resilience.containing import Contained
from providers.resilience.pausing import Pausing
from providers.resilience.quota import BackgroundQuota
from providers.testing.fakes import ScriptedProvider
from tests.providers.resilience.questions import analysis, soon


class Collapsing(ScriptedProvider):
    def check_health(self, deadline):
        raise ZeroDivisionError


@pytest.fixture
def provider(clock):
    return ScriptedProvider("quimbi", clock=clock, policy=GuardPolicy(calls_per_minute=4))


def test_a_health_check_takes_a_place(provider, clock):
    limited = Limited(provider, max_concurrency=1, clock=clock)

    def check_meanwhile(request, deadline):
        with pytest.raises(Busy):
            limited.check_health(deadline)
        raise RateLimited

    provider.script(Capability.ANALYZE, check_meanwhile)
    with pytest.raises(RateLimited):
        limited.analyze(analysis(), soon(clock))
    assert limited.check_health(soon(clock)).connection is Connection.CONNECTED


def test_a_health_check_is_charged_to_the_quota(provider, clock):
    quota = BackgroundQuota(provider, clock=clock)
    quota.check_health(soon(clock))
    quota.check_health(soon(clock))
    with pytest.raises(QuotaSpent):
        quota.check_health(soon(clock))


def test_a_paused_provider_is_not_checked(provider, clock):
    pausing = Pausing(provider, clock=clock)
    provider.script(Capability.ANALYZE, RateLimited(retry_after_s=20))
    with pytest.raises(RateLimited):
        pausing.analyze(analysis(), soon(clock))
    with pytest.raises(Paused):
        pausing.check_health(soon(clock))


@pytest.mark.parametrize(
    ("error", "pause_s"),
    [(RateLimited(retry_after_s=20), 20), (RateLimited(), 60), (UpstreamError(retry_after_s=30), 30)],
)
def test_a_pause_that_a_health_check_is_asked_for_is_kept_by_every_call(provider, clock, error, pause_s):
    pausing = Pausing(provider, clock=clock)
    provider.health = ProviderHealth.failed(error)
    assert pausing.check_health(soon(clock)).reason is error.reason
    with pytest.raises(Paused) as paused:
        pausing.analyze(analysis(), soon(clock))
    assert paused.value.retry_after_s == pause_s
    assert provider.calls() == 0


def test_a_health_check_that_fails_otherwise_starts_no_pause(provider, clock):
    pausing = Pausing(provider, clock=clock)
    provider.health = ProviderHealth.failed(TimedOut())
    pausing.check_health(soon(clock))
    assert pausing.remaining_s == 0


def test_a_check_that_breaks_its_contract_shows_as_unavailable(clock):
    health = Contained(Collapsing("quimbi", clock=clock), clock=clock).check_health(soon(clock))
    assert (health.connection, health.reason) == (Connection.UNAVAILABLE, Reason.PROVIDER_ERROR)

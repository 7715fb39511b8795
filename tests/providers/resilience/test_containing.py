import pytest
from structlog.testing import capture_logs

from providers.errors import CustomerNotFound, ProviderFault, TimedOut
from providers.models import Capability, Reason, Source
from providers.resilience.containing import Contained
from providers.testing.fakes import FakeClock, ScriptedProvider
from tests.providers.resilience.questions import analysis, churn, draft, ltv, soon


@pytest.fixture
def plugin(clock: FakeClock) -> ScriptedProvider:
    return ScriptedProvider("plugin", clock=clock)


@pytest.fixture
def contained(plugin: ScriptedProvider, clock: FakeClock) -> Contained:
    return Contained(plugin, clock=clock)


def test_a_bug_in_a_plugin_becomes_a_fault_that_is_not_repeated(plugin, contained, clock):
    plugin.script(Capability.ANALYZE, ZeroDivisionError("with qpk_live_secret in it"))
    with capture_logs() as logs, pytest.raises(ProviderFault) as raised:
        contained.analyze(analysis(), soon(clock))
    assert not raised.value.retryable
    assert raised.value.trips_circuit
    assert [entry["error"] for entry in logs] == ["ZeroDivisionError"]
    assert "qpk_live_secret" not in str(logs) + str(raised.value)


def test_a_provider_error_passes_as_it_is(plugin, contained, clock):
    error = TimedOut()
    plugin.script(Capability.ANALYZE, error)
    with pytest.raises(TimedOut) as raised:
        contained.analyze(analysis(), soon(clock))
    assert raised.value is error


def test_facts_of_a_customer_not_found_are_an_unknown_answer(plugin, contained, clock):
    for capability in (Capability.ANALYZE, Capability.CHURN, Capability.LTV):
        plugin.script(capability, CustomerNotFound())
    answers = [
        contained.analyze(analysis(), soon(clock)),
        contained.predict_churn(churn(45), soon(clock)),
        contained.forecast_ltv(ltv(6), soon(clock)),
    ]
    assert [answer.known for answer in answers] == [False, False, False]
    assert {answer.provenance.reason for answer in answers} == {Reason.UNKNOWN_CUSTOMER}
    assert {answer.provenance.source for answer in answers} == {Source.FRESH}
    assert answers[0].metrics.lifetime_value is None
    assert answers[1].window_days == 45
    assert answers[2].horizon_months == 6


def test_a_text_for_a_customer_not_found_stays_an_error(plugin, contained, clock):
    plugin.script(Capability.DRAFT, CustomerNotFound())
    with pytest.raises(CustomerNotFound):
        contained.draft_reply(draft(), soon(clock))

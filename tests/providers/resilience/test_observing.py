import pytest
from structlog.testing import capture_logs

from providers.errors import CustomerNotFound, TimedOut
from providers.models import Capability, Reason
from providers.ports import Outcome
from providers.resilience.observing import Observed
from providers.testing.fakes import FakeClock, RecordingObserver, ScriptedProvider, sample_answer
from tests.providers.resilience.questions import analysis, draft, outcome, soon


@pytest.fixture
def provider(clock: FakeClock) -> ScriptedProvider:
    return ScriptedProvider("quimbi", clock=clock)


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


@pytest.fixture
def observed(provider: ScriptedProvider, observer: RecordingObserver, clock: FakeClock) -> Observed:
    return Observed(provider, observer=observer, clock=clock)


def test_an_answer_is_recorded_with_its_duration(provider, observed, observer, clock):
    def answer_late(request, deadline):
        clock.advance(1.5)
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    provider.script(Capability.ANALYZE, answer_late)
    observed.analyze(analysis(), soon(clock))
    [record] = observer.records
    assert (record.provider, record.capability) == ("quimbi", Capability.ANALYZE)
    assert (record.outcome, record.reason) == (Outcome.ANSWERED, None)
    assert record.duration_s == pytest.approx(1.5)
    assert record.at == clock.now()


def test_a_failure_is_recorded_with_its_reason(provider, observed, observer, clock):
    provider.script(Capability.ANALYZE, TimedOut())
    with pytest.raises(TimedOut):
        observed.analyze(analysis(), soon(clock))
    assert [(record.outcome, record.reason) for record in observer.records] == [
        (Outcome.FAILED, Reason.TIMEOUT)
    ]


def test_an_unknown_customer_is_an_answer(provider, observed, observer, clock):
    provider.script(Capability.DRAFT, CustomerNotFound())
    with pytest.raises(CustomerNotFound):
        observed.draft_reply(draft(), soon(clock))
    assert [record.outcome for record in observer.records] == [Outcome.ANSWERED]


def test_each_call_is_one_log_event_that_never_names_the_customer(provider, observed, clock):
    provider.script(
        Capability.ANALYZE, sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now()), TimedOut()
    )
    with capture_logs() as logs:
        for _ in range(2):
            outcome(lambda: observed.analyze(analysis("cust_secret"), soon(clock)))
    assert [(entry["event"], entry["log_level"], entry["service"]) for entry in logs] == [
        ("provider_call", "info", "Scripted"),
        ("provider_call", "warning", "Scripted"),
    ]
    assert "cust_secret" not in str(logs)

import json
from contextlib import suppress
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection
from providers.models import AnalysisRequest, ChurnRequest, CustomerRef, LtvRequest, Reason
from providers.settings import SettingsError
from providers.stub.faults import FAULTS
from providers.stub.provider import StubProvider
from providers.stub.script_file import ScriptFault, parse_script
from providers.testing.fakes import make_host

EVERY_ERROR = [
    name
    for name, error in vars(errors).items()
    if isinstance(error, type) and issubclass(error, errors.ProviderError)
]


def test_a_scripted_answer_changes_only_the_fields_it_names(analyze, script):
    usual = analyze()
    script.rules({"capability": "analyze", "answer": {"predictions": {"churn_risk": 0.91}}})
    scripted = analyze()
    assert scripted.predictions.churn_risk == 0.91
    assert scripted.predictions.ltv_12mo == usual.predictions.ltv_12mo
    assert scripted.metrics == usual.metrics


def test_a_rule_holds_for_its_customer_only(analyze, script):
    script.rules({"customer": "cust_123", "fault": "Unreachable"})
    assert analyze("cust_124").known
    with pytest.raises(errors.Unreachable):
        analyze("cust_123")


def test_a_rule_finds_customers_by_either_id_and_by_pattern(stub, deadline, script):
    script.rules({"customer": "vip_*", "fault": "Busy"})
    for customer in (CustomerRef("vip_1"), CustomerRef("desk-1", {"stub": "vip_2"})):
        with pytest.raises(errors.Busy):
            stub.analyze(AnalysisRequest(customer), deadline)


def test_a_rule_holds_for_its_capability_only(stub, analyze, deadline, script):
    script.rules({"capability": "predict_churn", "fault": "UpstreamError"})
    assert analyze().known
    with pytest.raises(errors.UpstreamError):
        stub.predict_churn(ChurnRequest(CustomerRef("cust_123")), deadline)


def test_the_first_rule_that_matches_decides_until_it_is_used_up(analyze, script):
    script.rules(
        {"capability": "analyze", "fault": "UpstreamError", "times": 2},
        {"fault": "Unreachable", "times": 1},
    )
    for fault in (errors.UpstreamError, errors.UpstreamError, errors.Unreachable):
        with pytest.raises(fault):
            analyze()
    assert analyze().known


@pytest.mark.parametrize("name", EVERY_ERROR)
def test_every_class_of_failure_can_be_scripted(analyze, script, name):
    script.rules({"fault": {"error": name, "retry_after_s": 7}})
    with pytest.raises(getattr(errors, name)) as raised:
        analyze()
    assert type(raised.value) is getattr(errors, name)
    assert raised.value.retry_after_s == 7


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_scripted(analyze, script, reason):
    script.rules({"fault": reason})
    with pytest.raises(errors.ProviderError) as raised:
        analyze()
    assert raised.value.reason is reason


def test_a_delay_passes_on_the_clock_before_the_answer(analyze, script, clock):
    script.rules({"delay_s": 2.5})
    assert analyze().known
    assert clock.sleeps == [2.5]


def test_a_delay_ends_at_the_deadline_as_a_timeout(stub, script, clock):
    script.rules({"delay_s": 3600})
    with pytest.raises(errors.TimedOut):
        stub.analyze(AnalysisRequest(CustomerRef("cust_123")), Deadline.after(3, clock))
    assert clock.sleeps == [3]


def test_health_shows_a_scripted_fault_without_using_it_up(stub, analyze, deadline, script):
    script.rules({"fault": "access_refused", "times": 1})
    for _ in range(3):
        health = stub.check_health(deadline)
        assert (health.connection, health.reason) == (Connection.UNAVAILABLE, Reason.ACCESS_REFUSED)
    assert stub.asked == ()
    with pytest.raises(errors.AccessRefused):
        analyze()
    assert stub.check_health(deadline).connection is Connection.CONNECTED


def test_an_unknown_customer_is_no_trouble_to_health(stub, deadline, script):
    script.rules({"fault": "CustomerNotFound"})
    assert stub.check_health(deadline).connection is Connection.CONNECTED


def test_a_script_that_turns_bad_is_logged_once_and_the_last_good_one_goes_on(analyze, script):
    script.rules({"fault": "Unreachable"})
    with capture_logs() as logged:
        with pytest.raises(errors.Unreachable):
            analyze()
        script.write('{"rules": [{"fault": "Unreachabel"}]}')
        for _ in range(3):
            with pytest.raises(errors.Unreachable):
                analyze()
    told = [(entry["event"], entry["log_level"]) for entry in logged]
    assert told == [("stub_script_read", "info"), ("stub_script_refused", "error")]


def test_a_script_that_vanishes_goes_on_and_is_read_when_it_is_back(analyze, script):
    script.rules({"fault": "Unreachable"})
    with pytest.raises(errors.Unreachable):
        analyze()
    script.path.unlink()
    with pytest.raises(errors.Unreachable):
        analyze()
    script.rules()
    assert analyze().known


def test_an_answer_that_does_not_fit_this_customer_is_an_invalid_one(stub, deadline, script):
    script.rules({"capability": "forecast_ltv", "answer": {"confidence_interval": {"lower": 2000}}})
    with pytest.raises(errors.InvalidAnswer):
        stub.forecast_ltv(LtvRequest(CustomerRef("test_customer_low_ltv")), deadline)


def rule(text):
    return f'{{"rules": [{{{text}}}]}}'


BAD_SCRIPTS = {
    "no JSON": "{",
    "another shape": "[]",
    "no rules": "{}",
    "an unknown key": rule('"fualt": "Busy"'),
    "an unknown fault": rule('"fault": "Buzy"'),
    "an unknown capability": rule('"capability": "analyse"'),
    "an endless delay": rule('"delay_s": 1e999'),
    "a delay that is none": rule('"delay_s": NaN'),
    "a negative pause": rule('"fault": {"error": "Busy", "retry_after_s": -1}'),
    "no times at all": rule('"times": 0'),
    "an answer to nothing": rule('"answer": {"known": true}'),
    "an answer and a fault": rule('"capability": "analyze", "answer": {"known": true}, "fault": "Busy"'),
    "another provider": rule('"capability": "analyze", "answer": {"provenance": {"provider": "quimbi"}}'),
    "another customer": rule('"capability": "analyze", "answer": {"customer_id": "x"}'),
    "an unknown field": rule('"capability": "analyze", "answer": {"metrics": {"ltv": 1}}'),
    "a risk above one": rule('"capability": "analyze", "answer": {"predictions": {"churn_risk": 2}}'),
    "an empty draft": rule('"capability": "draft_reply", "answer": {"content": " "}'),
    "a wrong type": rule('"capability": "draft_reply", "answer": {"content": 1}'),
    "a lone surrogate": rule('"capability": "draft_reply", "answer": {"content": "\\ud800"}'),
    "deep nesting": "[" * 100_000,
}


@pytest.mark.parametrize("kind", BAD_SCRIPTS)
def test_a_bad_script_stops_the_start_and_names_the_variable(script, clock, kind):
    script.write(BAD_SCRIPTS[kind])
    with pytest.raises(SettingsError) as refused:
        StubProvider.from_host(make_host(clock=clock, environment={"STUB_SCRIPT": str(script.path)}))
    assert list(refused.value.faults) == ["STUB_SCRIPT"]


def test_a_missing_script_and_one_in_another_encoding_stop_the_start(tmp_path, clock):
    latin = tmp_path / "latin.json"
    latin.write_bytes('{"rules": [{"customer": "Jürgen"}]}'.encode("latin-1"))
    for path in (tmp_path / "missing.json", latin):
        with pytest.raises(SettingsError, match="STUB_SCRIPT"):
            StubProvider.from_host(make_host(clock=clock, environment={"STUB_SCRIPT": str(path)}))


def test_the_example_script_is_good():
    example = resources.files("providers.stub").joinpath("example-script.json").read_text()
    assert len(parse_script(example).rules) == len(json.loads(example)["rules"])


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(sorted(FAULTS)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["customer", "capability", "answer", "fault", "error", "delay_s", "times", "known"]
            ),
            inner,
        ),
    ),
    max_leaves=8,
)


@given(st.one_of(json_values, json_values.map(lambda written: {"rules": [written]})))
def test_any_json_is_a_script_or_a_clear_fault(value):
    with suppress(ScriptFault):
        parse_script(json.dumps(value))

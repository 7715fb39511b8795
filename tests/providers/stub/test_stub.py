import json
from itertools import product

import pytest

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection, GuardPolicy
from providers.models import (
    AnalysisRequest,
    Archetype,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Predictions,
    Reason,
    RecommendationRequest,
    TicketContext,
    Turn,
)
from providers.settings import SettingsError
from providers.stub.provider import StubProvider
from providers.testing.fakes import make_host

TICKET = TicketContext(
    id="ticket_123",
    subject="Private matter",
    channel="email",
    priority="normal",
    version=3,
    conversation=(Turn(True, "My secret story"),),
)


def draft_request(customer_id="test_customer_high_ltv", **options):
    return DraftRequest(customer=CustomerRef(customer_id), ticket=TICKET, **options)


def test_it_is_neither_cached_nor_retried_yet_guarded(stub):
    assert stub.policy == GuardPolicy(cached=False, max_retries=0)


def test_the_persona_goes_by_the_external_id_and_the_answer_by_ours(stub, deadline):
    customer = CustomerRef("desk-1", {"stub": "test_customer_low_ltv", "quimbi": "test_customer_high_ltv"})
    answer = stub.analyze(AnalysisRequest(customer), deadline)
    assert answer.customer_id == "desk-1"
    assert answer.predictions.churn_risk_level == "high"


def test_analysis_churn_and_forecast_tell_the_same_story(stub, deadline):
    customer = CustomerRef("cust_123")
    analysis = stub.analyze(AnalysisRequest(customer), deadline)
    churn = stub.predict_churn(ChurnRequest(customer), deadline)
    forecast = stub.forecast_ltv(LtvRequest(customer, 12), deadline)
    assert analysis.predictions.churn_risk == churn.churn_risk_score
    assert analysis.predictions.ltv_12mo == forecast.forecasted_ltv == forecast.incremental_ltv
    assert analysis.metrics.lifetime_value == forecast.current_ltv
    interval = forecast.confidence_interval
    assert interval.lower <= forecast.forecasted_ltv <= interval.upper
    assert analysis.currency == forecast.currency == "USD"


def test_an_unknown_customer_has_no_text(stub, deadline):
    with pytest.raises(errors.CustomerNotFound):
        stub.draft_reply(draft_request("cust_unknown_1"), deadline)


def test_an_unknown_customer_is_told_as_the_reason(analyze):
    assert analyze("cust_unknown_1").provenance.reason is Reason.UNKNOWN_CUSTOMER


def test_a_draft_is_personalised_by_the_facts_that_come_with_it(stub, deadline):
    known = stub.analyze(AnalysisRequest(CustomerRef("cust_123")), deadline)
    facts = CustomerIntelligence(
        provenance=known.provenance,
        customer_id="cust_123",
        archetype=Archetype(id="a", level=None, segments={"product_knowledge": "beginner"}),
    )
    draft = stub.draft_reply(draft_request(facts=facts), deadline)
    assert draft.personalization_applied == ("Adjusted for beginner",)
    assert "explain each step" in draft.content


def test_a_draft_shows_each_option(stub, deadline):
    options = {"include_offer": True, "template": "winback", "include_actions": ("Call",)}
    draft = stub.draft_reply(draft_request(length="short", **options), deadline)
    assert draft.personalization_applied == (
        "Included an offer",
        "Followed a template",
        "Included the chosen actions",
    )


def test_every_sms_fits_one_message(stub, deadline):
    sms = TicketContext(id="t", subject="", channel="sms", priority="normal", version=1)
    customers = ("test_customer_low_ltv", "test_customer_new", "cust_1", "cust_2", "cust_3")
    tones = ("friendly", "professional", "empathetic", "apologetic", "concise")
    for customer, tone, length in product(customers, tones, ("short", "medium", "long")):
        request = DraftRequest(
            customer=CustomerRef(customer),
            ticket=sms,
            tone=tone,
            length=length,
            include_offer=True,
            template="t",
            include_actions=("Call",),
        )
        assert len(stub.draft_reply(request, deadline).content) <= 160


def test_the_riskier_customer_gets_the_more_urgent_recommendation(stub, deadline):
    def recommended(customer_id):
        request = RecommendationRequest(customer=CustomerRef(customer_id), ticket=TICKET)
        return stub.recommend_actions(request, deadline)

    risky, safe = recommended("test_customer_low_ltv"), recommended("test_customer_high_ltv")
    assert (risky.priority, safe.priority) == ("urgent", "normal")
    assert risky.warnings == ("Customer has high churn risk",)
    assert len(risky.actions) > len(safe.actions)


def test_of_a_new_customer_no_impact_is_estimated(stub, deadline):
    request = RecommendationRequest(customer=CustomerRef("test_customer_new"), ticket=TICKET)
    impact = stub.recommend_actions(request, deadline).estimated_impact
    assert impact.retention_probability is impact.revenue_at_risk is None


def test_it_remembers_in_full_what_it_was_asked(stub, deadline, clock):
    request = draft_request()
    stub.draft_reply(request, deadline)
    [asked] = stub.asked
    assert (asked.capability, asked.request, asked.at) == ("draft_reply", request, clock.now())


def test_it_remembers_a_thousand_questions(stub, deadline):
    for number in range(1_005):
        stub.analyze(AnalysisRequest(CustomerRef(f"cust_{number}")), deadline)
    assert len(stub.asked) == 1_000
    assert stub.asked[-1].request.customer.id == "cust_1004"


def test_the_record_file_holds_ids_and_arguments_and_no_text(clock, deadline, tmp_path):
    path = tmp_path / "asked.jsonl"
    stub = StubProvider.from_host(make_host(clock=clock, environment={"STUB_RECORD": str(path)}))
    stub.draft_reply(draft_request(), deadline)
    stub.forecast_ltv(LtvRequest(CustomerRef("cust_1", {"stub": "s1"}), 6), deadline)
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["arguments"] == {"ticket": "ticket_123", "version": 3}
    assert (second["customer_id"], second["external_id"]) == ("cust_1", "s1")
    assert (second["capability"], second["arguments"]) == ("forecast_ltv", {"horizon_months": 6})
    assert "secret" not in path.read_text()
    assert "Private" not in path.read_text()


def test_a_record_that_cannot_be_written_stops_the_start(clock, tmp_path):
    with pytest.raises(SettingsError, match="STUB_RECORD"):
        StubProvider.from_host(make_host(clock=clock, environment={"STUB_RECORD": str(tmp_path)}))


def test_a_record_that_fails_later_does_not_stop_the_answers(clock, deadline, tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    path = folder / "asked.jsonl"
    stub = StubProvider.from_host(make_host(clock=clock, environment={"STUB_RECORD": str(path)}))
    path.unlink()
    folder.rmdir()
    assert stub.analyze(AnalysisRequest(CustomerRef("cust_123")), deadline).known


def test_without_a_script_it_is_connected(stub, deadline):
    assert stub.check_health(deadline).connection is Connection.CONNECTED


def test_an_answer_without_a_purchase_has_no_prediction(analyze):
    assert analyze("test_customer_new").predictions == Predictions()


def test_a_passed_deadline_is_a_timeout(stub, clock):
    with pytest.raises(errors.TimedOut):
        stub.analyze(AnalysisRequest(CustomerRef("cust_123")), Deadline.after(0, clock))

import json
from decimal import Decimal

import pytest
import requests

from providers.testing.quimbi_simulator import QuimbiSimulator, RateLimit
from tests.providers.testing.calls import PATHS, Ask, full_body

PRINTED_7001 = """
{"customer_id": "7001", "archetype": {"id": "arch_premium_deal_hunter", "level": "L2",
   "segments": {"purchase_value": "premium", "price_sensitivity": "deal_hunter"}},
 "behavioral_metrics": {"lifetime_value": 892.5, "total_orders": 12, "avg_order_value": 74.38,
   "days_since_last_purchase": 15, "customer_tenure_days": 456},
 "predictions": {"churn_risk": 0.18, "churn_risk_level": "low", "ltv_12mo": 450.0},
 "communication_guidance": ["Lead with value for money"]}
"""
PRINTED_7002 = """
{"customer_id": "7002", "churn_risk": {"score": 0.82, "risk_level": "high",
   "factors": [{"factor": "days_since_purchase", "value": 214, "impact": 0.15}],
   "recommended_actions": [{"action": "send_winback_email", "priority": "high", "expected_impact": 0.12,
     "timing": "within_7_days"}]},
 "lifetime_value": {"current": 640.4, "predicted_12m": 1732.67, "tier": "high-value", "total_orders": 6,
   "avg_order_value": 106.73},
 "segments": {"price_sensitivity": {"deal_hunter": 0.05, "value_seeker": 0.15, "full_price_buyer": 0.8}},
 "dominant_segments": {"price_sensitivity": "full_price_buyer"},
 "archetype": {"id": "arch_410042", "level": "l2", "traits": ["quality_focused"]},
 "customer_tenure": {"days": 530, "days_since_last_purchase": 214},
 "communication_style": {"tone": "friendly_professional", "emphasis": ["quality"], "avoid": ["discounting"]},
 "context": null}
"""


def test_7001_reads_as_printed_in_the_documents(documented: QuimbiSimulator, ask: Ask) -> None:
    assert ask(documented, "analyze", "7001").json() == json.loads(PRINTED_7001)


def test_7002_reads_as_a_running_installation_sent_it(deployed: QuimbiSimulator, ask: Ask) -> None:
    assert ask(deployed, "analyze", "7002").json() == json.loads(PRINTED_7002)


@pytest.mark.parametrize("endpoint", PATHS)
@pytest.mark.parametrize("customer_id", ["7001", "7002", "7003", "7302", "cust_123", "test_customer_new"])
def test_a_body_for_both_dialects_is_answered_everywhere(
    simulator: QuimbiSimulator, ask: Ask, endpoint: str, customer_id: str
) -> None:
    assert ask(simulator, endpoint, customer_id).status_code == 200


def test_a_documented_forecast_tells_the_coming_value_beside_the_current(
    documented: QuimbiSimulator, ask: Ask
) -> None:
    profile = documented.customer("7003")
    forecast = json.loads(ask(documented, "ltv", horizon_months=6).text, parse_float=Decimal)
    assert forecast["horizon_months"] == 6
    assert forecast["forecasted_ltv"] == forecast["incremental_ltv"] == profile.coming_value(6)
    assert forecast["current_ltv"] == profile.lifetime_value
    assert (forecast["confidence_interval"]["lower"], forecast["confidence_interval"]["upper"]) == (
        profile.coming_bounds(6)
    )


def test_a_deployed_forecast_includes_what_is_spent_and_ignores_the_documented_horizon(
    deployed: QuimbiSimulator, ask: Ask
) -> None:
    profile = deployed.customer("7003")
    ignored = json.loads(ask(deployed, "ltv", horizon_months=6).text, parse_float=Decimal)
    meant = json.loads(ask(deployed, "ltv", time_horizon_months=6).text, parse_float=Decimal)
    assert ignored["time_horizon_months"] == 12
    assert ignored["predicted_ltv"] == profile.lifetime_value + profile.ltv_12mo
    assert meant["predicted_ltv"] == profile.lifetime_value + profile.coming_value(6)
    assert meant["confidence_interval"] == [
        profile.lifetime_value + bound for bound in profile.coming_bounds(6)
    ]


def test_churn_is_the_same_truth_in_both_dialects(
    documented: QuimbiSimulator, deployed: QuimbiSimulator, ask: Ask
) -> None:
    promised, sent = ask(documented, "churn", "7002").json(), ask(deployed, "churn", "7002").json()
    assert promised["churn_risk_score"] == sent["churn_probability"] == 0.82
    assert promised["factors"][0]["impact"] == "high"
    assert sent["factors"] == [{"factor": "days_since_purchase", "impact": 0.15}]
    assert promised["recommendations"] == ["Send winback email within 7 days"]
    assert sent["recommended_interventions"][0]["action"] == "send_winback_email"


def test_generated_texts_answer_in_the_tone_and_channel_asked_for(
    documented: QuimbiSimulator, deployed: QuimbiSimulator, ask: Ask
) -> None:
    context = {"goal": "resolve_support_issue", "channel": "sms", "constraints": {"tone": "empathetic"}}
    promised = ask(documented, "message", context=context).json()
    assert (promised["tone"], promised["channel"]) == ("empathetic", "sms")
    assert len(promised["message"]) <= 160
    assert "sorry" in ask(deployed, "message", tone="apologetic").json()["message"]


def test_actions_come_most_pressing_first(
    documented: QuimbiSimulator, deployed: QuimbiSimulator, ask: Ask
) -> None:
    promised, sent = ask(documented, "actions", "7002").json(), ask(deployed, "actions", "7002").json()
    assert [action["priority"] for action in promised["actions"]] == [1, 2, 3]
    assert promised["actions"][0]["estimated_impact"]["revenue_at_risk"] == 525.13
    assert promised["warnings"] == ["Customer has high churn risk"]
    assert [action["priority"] for action in sent["recommended_actions"]] == ["urgent", "high", "medium"]
    assert not sent.keys() & {"warnings", "talking_points"}


def test_an_all_null_row_looks_like_good_news(deployed: QuimbiSimulator, ask: Ask) -> None:
    answer = ask(deployed, "analyze", "empty_1").json()
    assert answer["churn_risk"]["score"] == 0.0
    assert answer["churn_risk"]["risk_level"] == "low"
    assert answer["lifetime_value"]["current"] == 0
    assert answer["archetype"] == {"id": None, "level": None, "traits": {}}
    assert answer["segments"] == answer["dominant_segments"] == {}
    assert answer["customer_tenure"] == {"days": None, "days_since_last_purchase": None}


def test_a_broken_row_fails_for_ever(simulator: QuimbiSimulator, ask: Ask) -> None:
    assert [ask(simulator, "analyze", "broken_1").status_code for _ in range(3)] == [500] * 3


def test_health_needs_no_key_and_counts_apart(simulator: QuimbiSimulator) -> None:
    assert requests.get(simulator.url + "/health", timeout=5).json()["status"] == "healthy"
    assert (simulator.calls(), simulator.calls("health")) == (0, 1)


@pytest.mark.parametrize(("dialect", "wrong_key_status"), [("documented", 401), ("deployed", 403)])
def test_keys_are_refused_as_each_dialect_does(dialect: str, wrong_key_status: int) -> None:
    with QuimbiSimulator(dialect=dialect, api_key="qpk_live_right") as simulator:
        url = simulator.url + PATHS["analyze"]

        def status(headers: dict[str, str]) -> int:
            return requests.post(url, json=full_body("7003"), headers=headers, timeout=5).status_code

        assert status({}) == 401
        assert status({"Authorization": "Bearer qpk_live_right"}) == 401
        assert status({"X-API-Key": "qpk_live_wrong"}) == wrong_key_status
        assert status({"X-API-Key": "qpk_live_right"}) == 200


def test_an_unknown_customer_and_an_unknown_route_differ_by_message_alone_when_deployed(
    deployed: QuimbiSimulator, documented: QuimbiSimulator, ask: Ask, session: requests.Session
) -> None:
    customer = ask(deployed, "analyze", "nobody")
    route = session.post(deployed.url + "/api/nowhere", json={}, timeout=5)
    assert (customer.status_code, route.status_code) == (404, 404)
    assert customer.json()["error"]["message"] == "Customer nobody not found"
    assert route.json()["error"]["message"] == "Not Found"
    assert ask(documented, "churn", "nobody").json()["error"]["code"] == "CUSTOMER_NOT_FOUND"


def test_a_deployed_refusal_names_each_field(deployed: QuimbiSimulator, ask: Ask) -> None:
    refusal = ask(deployed, "analyze", 7002)
    assert refusal.status_code == 422
    assert refusal.json()["error"]["code"] == "VALIDATION_ERROR"
    assert refusal.json()["error"]["details"]["validation_errors"] == [
        {"field": "body.customer_id", "message": "Not a valid string.", "type": "string_type"}
    ]


@pytest.mark.parametrize("endpoint", ["message", "actions"])
def test_the_documented_body_alone_is_refused_when_deployed(
    deployed: QuimbiSimulator, documented: QuimbiSimulator, session: requests.Session, endpoint: str
) -> None:
    alone = {name: full_body("7003")[name] for name in ("customer_profile", "context", "scenario")}
    assert session.post(deployed.url + PATHS[endpoint], json=alone, timeout=5).status_code == 422
    assert session.post(documented.url + PATHS[endpoint], json=alone, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("endpoint", "extra"),
    [
        ("message", {"conversation_history": None}),
        ("message", {"conversation_history": [{"from_customer": "yes", "text": "x"}]}),
        ("churn", {"prediction_window_days": 29}),
        ("ltv", {"time_horizon_months": 37}),
        ("actions", {"context": {"order_value": "much"}}),
    ],
)
def test_deployed_refuses_what_is_out_of_bounds(
    deployed: QuimbiSimulator, ask: Ask, endpoint: str, extra: dict[str, object]
) -> None:
    assert ask(deployed, endpoint, **extra).status_code == 422


@pytest.mark.parametrize(
    "context", [{"goal": "sell", "channel": "email"}, {"goal": "upsell", "channel": "form"}, None]
)
def test_documented_refuses_words_outside_its_lists(
    documented: QuimbiSimulator, ask: Ask, context: object
) -> None:
    assert ask(documented, "message", context=context).status_code == 422


@pytest.mark.parametrize("extra", [{"tone": None}, {"tone": "wa\0rm"}])
def test_unclean_values_make_a_running_installation_fail(
    deployed: QuimbiSimulator, ask: Ask, extra: dict[str, object]
) -> None:
    assert ask(deployed, "message", **extra).status_code == 500


def test_nan_makes_a_running_installation_fail(
    deployed: QuimbiSimulator, documented: QuimbiSimulator, session: requests.Session
) -> None:
    raw = '{"customer_id": "7003", "context": {"order_value": NaN}}'
    headers = {"Content-Type": "application/json"}
    for simulator, status in ((deployed, 500), (documented, 422)):
        answer = session.post(simulator.url + PATHS["analyze"], data=raw, headers=headers, timeout=5)
        assert answer.status_code == status


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"7003"', b"\xff", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_object_is_refused(
    simulator: QuimbiSimulator, session: requests.Session, raw: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = session.post(simulator.url + PATHS["analyze"], data=raw, headers=headers, timeout=5)
    assert answer.status_code == 422


def test_a_deeply_nested_body_is_answered(simulator: QuimbiSimulator, session: requests.Session) -> None:
    raw = b'{"customer_id": "7003", "ignored": ' + b"[" * 900 + b"]" * 900 + b"}"
    headers = {"Content-Type": "application/json"}
    answer = session.post(simulator.url + PATHS["churn"], data=raw, headers=headers, timeout=5)
    assert answer.status_code == 200


def test_a_missing_content_type_is_refused(simulator: QuimbiSimulator, session: requests.Session) -> None:
    raw = json.dumps(full_body("7003")).encode()
    assert session.post(simulator.url + PATHS["analyze"], data=raw, timeout=5).status_code == 422


@pytest.mark.parametrize("name", ["X-Correlation-ID", "X-Request-ID"])
def test_deployed_echoes_the_correlation_id(
    deployed: QuimbiSimulator, session: requests.Session, name: str
) -> None:
    answer = session.post(deployed.url + PATHS["churn"], json={}, headers={name: "abc-1"}, timeout=5)
    assert (answer.status_code, answer.headers[name]) == (422, "abc-1")


def test_the_documented_quota_belongs_to_the_key_and_is_told(ask: Ask) -> None:
    with QuimbiSimulator(dialect="documented", rate_limit=RateLimit(per_minute=2)) as simulator:
        answers = [ask(simulator, "churn") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60


def test_the_deployed_quota_belongs_to_the_address_and_is_not_told(ask: Ask) -> None:
    with QuimbiSimulator(dialect="deployed", rate_limit=RateLimit(per_hour=1)) as simulator:
        answers = [ask(simulator, "churn") for _ in range(2)]
        assert requests.get(simulator.url + "/health", timeout=5).status_code == 200
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["Retry-After"] == "60"
    assert answers[1].json()["error"] == "Rate limit exceeded"
    assert not [name for name in answers[0].headers if name.startswith("X-RateLimit")]


def test_an_added_customer_is_served_as_given(deployed: QuimbiSimulator, ask: Ask) -> None:
    deployed.add_customer(like="7002", customer_id="critical_case", churn_level="critical")
    assert ask(deployed, "churn", "critical_case").json()["risk_level"] == "critical"

"""What Quimbi's replies mean, in both dialects."""

from decimal import Decimal

import pytest

from providers.errors import InvalidAnswer
from providers.models import (
    ActionImpact,
    Archetype,
    BehavioralMetrics,
    ChurnFactor,
    ChurnRequest,
    ConfidenceInterval,
    DraftRequest,
    Predictions,
    Reason,
)
from providers.quimbi.payloads.analysis import parse_analysis
from providers.quimbi.payloads.drafts import parse_draft
from providers.quimbi.payloads.predictions import parse_churn, parse_ltv
from providers.quimbi.payloads.reading import Reply
from providers.quimbi.payloads.recommendations import parse_recommendation
from tests.providers.quimbi.samples import (
    ABOUT,
    ANALYSIS,
    CHURN,
    CUSTOMER,
    DEPLOYED_ACTIONS,
    DEPLOYED_ANALYSIS,
    DEPLOYED_CHURN,
    DEPLOYED_DRAFT,
    DEPLOYED_LTV,
    DOCUMENTED_ACTIONS,
    DOCUMENTED_ANALYSIS,
    DOCUMENTED_CHURN,
    DOCUMENTED_DRAFT,
    DOCUMENTED_LTV,
    DRAFT,
    FACTS,
    LTV,
    TICKET,
    changed,
)


def test_a_documented_analysis_is_taken_as_it_comes() -> None:
    answer = parse_analysis(Reply(DOCUMENTED_ANALYSIS), ANALYSIS, **FACTS)
    assert answer.customer_id == "cust_9"
    assert answer.archetype == Archetype(
        id="arch_premium_deal_hunter",
        level="L2",
        segments={"purchase_value": "premium", "price_sensitivity": "deal_hunter"},
    )
    assert answer.metrics == BehavioralMetrics(
        lifetime_value=Decimal("892.5"),
        total_orders=12,
        avg_order_value=Decimal("74.38"),
        days_since_last_purchase=15,
        customer_tenure_days=456,
    )
    assert answer.predictions == Predictions(
        churn_risk=0.18, churn_risk_level="low", ltv_12mo=Decimal("450.0")
    )
    assert answer.communication_guidance == ("Lead with value for money",)
    assert answer.currency == "EUR"


def test_a_deployed_analysis_is_mapped_to_the_documented_one() -> None:
    answer = parse_analysis(Reply(DEPLOYED_ANALYSIS), ANALYSIS, **FACTS)
    assert answer.archetype is not None
    assert (answer.archetype.id, answer.archetype.level) == ("arch_410042", "l2")
    assert answer.archetype.segments == {"price_sensitivity": "full_price_buyer"}
    assert answer.archetype.memberships["price_sensitivity"]["value_seeker"] == 0.15
    assert answer.metrics == BehavioralMetrics(
        lifetime_value=Decimal("640.4"),
        total_orders=6,
        avg_order_value=Decimal("106.73"),
        days_since_last_purchase=214,
        customer_tenure_days=530,
    )
    assert answer.predictions == Predictions(
        churn_risk=0.82, churn_risk_level="high", ltv_12mo=Decimal("1092.27")
    )
    assert answer.communication_guidance == (
        "Use a friendly professional tone.",
        "Emphasize quality.",
        "Avoid discounting or jargon.",
    )


def test_without_dominant_segments_the_strongest_membership_tells() -> None:
    answer = parse_analysis(changed(DEPLOYED_ANALYSIS, dominant_segments={}), ANALYSIS, **FACTS)
    assert answer.archetype is not None
    assert answer.archetype.segments == {"price_sensitivity": "full_price_buyer"}


def test_a_number_and_an_object_of_the_same_name_are_told_apart() -> None:
    numbers = changed(DEPLOYED_ANALYSIS, lifetime_value=Decimal(640), churn_risk=Decimal("0.82"))
    answer = parse_analysis(numbers, ANALYSIS, **FACTS)
    assert (answer.metrics.lifetime_value, answer.predictions.churn_risk) == (640, 0.82)
    objects = changed(
        DOCUMENTED_ANALYSIS,
        behavioral_metrics={"lifetime_value": {"current": 892}},
        predictions={"churn_risk": {"score": Decimal("0.1"), "risk_level": "critical"}},
    )
    answer = parse_analysis(objects, ANALYSIS, **FACTS)
    assert (answer.metrics.lifetime_value, answer.predictions.churn_risk) == (892, 0.1)
    assert answer.predictions.churn_risk_level == "critical"


@pytest.mark.parametrize(
    ("sent", "level"), [("critical", "critical"), ("HIGH", "HIGH"), (None, "medium"), ("", "medium")]
)
def test_a_level_is_passed_through_or_derived(sent: str | None, level: str) -> None:
    """Item 11 of what a running installation does."""
    risk = {"score": Decimal("0.3"), "risk_level": sent}
    answer = parse_analysis(changed(DEPLOYED_ANALYSIS, churn_risk=risk), ANALYSIS, **FACTS)
    assert answer.predictions.churn_risk_level == level


def test_a_row_of_nulls_is_an_unknown_customer_and_no_good_news() -> None:
    """Item 5 of what a running installation does."""
    empty = {
        "customer_id": "7001",
        "churn_risk": {"score": Decimal("0.0"), "risk_level": "low", "factors": []},
        "lifetime_value": {"current": 0, "predicted_12m": 0, "total_orders": 0, "avg_order_value": 0},
        "segments": {},
        "dominant_segments": {},
        "archetype": {"id": None, "level": "l2", "traits": {}},
        "customer_tenure": {"days": None, "days_since_last_purchase": None},
        "communication_style": None,
    }
    answer = parse_analysis(Reply(empty), ANALYSIS, **FACTS)
    assert not answer.known
    assert answer.provenance.reason is Reason.UNKNOWN_CUSTOMER
    assert not answer.provenance.degraded
    assert (answer.archetype, answer.metrics, answer.predictions) == (
        None,
        BehavioralMetrics(),
        Predictions(),
    )
    assert answer.predictions.churn_risk_level == "unknown"


def test_zeros_alone_say_nothing_of_churn_and_value_either() -> None:
    """Item 5, where no archetype is there to tell."""
    churn = parse_churn(
        Reply({"churn_probability": Decimal("0.0"), "risk_level": "low", "factors": []}), CHURN, **ABOUT
    )
    assert (churn.known, churn.churn_risk_score, churn.risk_level) == (False, None, "unknown")
    zeros = {"current_ltv": 0, "predicted_ltv": 0, "confidence_interval": [0, 0]}
    value = parse_ltv(Reply(zeros), LTV, **FACTS)
    assert (value.known, value.forecasted_ltv, value.current_ltv) == (False, None, None)


@pytest.mark.parametrize(
    "axes", [{"shopping_maturity": "new_customer"}, {"customer_maturity": "new_customer"}]
)
def test_an_older_axis_gets_todays_name(axes: dict[str, str]) -> None:
    answer = parse_analysis(changed(DEPLOYED_ANALYSIS, dominant_segments=axes), ANALYSIS, **FACTS)
    assert answer.archetype is not None
    assert answer.archetype.segments == {"customer_maturity": "new_customer"}


def test_an_older_axis_beside_todays_stays_as_it_comes() -> None:
    axes = {"return_propensity": "low", "return_behavior": "never_returns", "mood": "sunny"}
    answer = parse_analysis(changed(DEPLOYED_ANALYSIS, dominant_segments=axes), ANALYSIS, **FACTS)
    assert answer.archetype is not None
    assert answer.archetype.segments == axes


def test_churn_in_the_deployed_dialect() -> None:
    answer = parse_churn(Reply(DEPLOYED_CHURN), CHURN, **ABOUT)
    assert (answer.churn_risk_score, answer.risk_level, answer.window_days) == (0.82, "high", 90)
    assert answer.factors == (ChurnFactor(factor="days_since_purchase", impact=0.15),)
    assert answer.recommendations == ("Send winback email, within 7 days.",)


def test_churn_in_the_documented_dialect() -> None:
    answer = parse_churn(Reply(DOCUMENTED_CHURN), CHURN, **ABOUT)
    assert (answer.churn_risk_score, answer.risk_level, answer.window_days) == (0.18, "low", 90)
    assert answer.factors == (
        ChurnFactor(factor="gap", value="15 days", impact="low", direction="lowers_risk"),
    )
    assert answer.recommendations == ("Keep in touch",)


def test_a_deployed_forecast_is_of_the_coming_months_alone() -> None:
    answer = parse_ltv(Reply(DEPLOYED_LTV), LTV, **FACTS)
    assert answer.forecasted_ltv == answer.incremental_ltv == Decimal("1092.27")
    assert answer.current_ltv == Decimal("640.4")
    assert answer.confidence_interval == ConfidenceInterval(lower=Decimal(860), upper=Decimal(1360))


def test_a_documented_forecast_is_taken_as_it_comes() -> None:
    answer = parse_ltv(Reply(DOCUMENTED_LTV), LTV, **FACTS)
    assert (answer.forecasted_ltv, answer.current_ltv, answer.incremental_ltv) == (450, Decimal("892.5"), 450)
    assert answer.confidence_interval == ConfidenceInterval(
        lower=Decimal("380.5"), upper=Decimal(520), confidence_level=0.9
    )


def test_a_forecast_for_another_horizon_is_refused() -> None:
    with pytest.raises(InvalidAnswer):
        parse_ltv(changed(DEPLOYED_LTV, time_horizon_months=36), LTV, **FACTS)


def test_a_prediction_for_another_window_is_refused() -> None:
    with pytest.raises(InvalidAnswer):
        parse_churn(Reply(DEPLOYED_CHURN), ChurnRequest(CUSTOMER, window_days=30), **ABOUT)


def test_a_deployed_draft_has_the_tone_and_channel_that_were_asked_for() -> None:
    answer = parse_draft(Reply(DEPLOYED_DRAFT), DRAFT, **ABOUT)
    assert (answer.content, answer.tone, answer.channel) == ("Dear customer", "empathetic", "phone")
    assert answer.personalization_applied == ("beginner",)


def test_a_documented_draft_tells_its_tone_and_keeps_our_channel() -> None:
    answer = parse_draft(Reply(DOCUMENTED_DRAFT), DRAFT, **ABOUT)
    assert (answer.tone, answer.channel) == ("friendly", "phone")
    assert answer.personalization_applied == ("Adjusted for beginner",)


def test_a_draft_without_a_chosen_tone_names_the_one_that_was_sent() -> None:
    answer = parse_draft(Reply(DEPLOYED_DRAFT), DraftRequest(customer=CUSTOMER, ticket=TICKET), **ABOUT)
    assert answer.tone == "professional"


@pytest.mark.parametrize("message", ["", "  \n", "\0", None])
def test_an_empty_message_is_a_failed_draft(message: str | None) -> None:
    """Item 7 of what a running installation does."""
    with pytest.raises(InvalidAnswer):
        parse_draft(changed(DEPLOYED_DRAFT, message=message), DRAFT, **ABOUT)


def test_deployed_actions_come_most_pressing_first() -> None:
    answer = parse_recommendation(Reply(DEPLOYED_ACTIONS), **ABOUT)
    assert [(step.action, step.priority) for step in answer.actions] == [
        ("Send replacement: Send it by express", 1),
        ("Follow up: Ask again in a week", 3),
    ]
    assert answer.actions[0].estimated_impact == ActionImpact(retention_probability=0.85)
    assert answer.actions[1].reasoning == "Care"
    assert (answer.priority, answer.warnings, answer.talking_points) == ("high", (), ())


def test_documented_actions_are_taken_as_they_come() -> None:
    answer = parse_recommendation(Reply(DOCUMENTED_ACTIONS), **ABOUT)
    (step,) = answer.actions
    assert (step.action, step.priority, step.reasoning) == ("Send a replacement", 1, "It was damaged")
    impact = ActionImpact(retention_probability=0.85, revenue_at_risk=Decimal(780))
    assert step.estimated_impact == answer.estimated_impact == impact
    assert answer.warnings == ("High churn risk",)
    assert answer.talking_points == ("Apologize sincerely",)


def test_a_priority_that_no_table_knows_leaves_the_place_in_the_list() -> None:
    steps = [
        {"action": "first", "priority": "asap"},
        {"action": "second"},
        {"action": "third", "priority": "low"},
    ]
    answer = parse_recommendation(Reply({"recommended_actions": steps}), **ABOUT)
    assert [step.priority for step in answer.actions] == [1, 2, 4]


@pytest.mark.parametrize("place", ["customer_id", "customer_context", "customer_intelligence"])
def test_a_reply_about_another_customer_is_refused(place: str) -> None:
    named = {place: "7002"} if place == "customer_id" else {place: {"customer_id": "7002"}}
    with pytest.raises(InvalidAnswer):
        parse_analysis(changed(DEPLOYED_ANALYSIS, **named), ANALYSIS, **FACTS)
    with pytest.raises(InvalidAnswer):
        parse_draft(changed(DEPLOYED_DRAFT, **named), DRAFT, **ABOUT)


@pytest.mark.parametrize(
    "change",
    [
        {"churn_risk": {"score": Decimal("1.2")}},
        {"churn_risk": {"score": Decimal("-0.1")}},
        {"churn_risk": {"score": "0.2"}},
        {"churn_risk": {"score": True}},
        {"churn_risk": {"score": Decimal("NaN")}},
        {"lifetime_value": {"current": float("inf")}},
        {"lifetime_value": {"current": 10**40}},
        {"lifetime_value": {"total_orders": -1}},
        {"lifetime_value": {"total_orders": Decimal("1.5")}},
        {"lifetime_value": []},
        {"segments": {"price_sensitivity": {"deal_hunter": 2}}},
        {"segments": {"price_sensitivity": "deal_hunter"}},
        {"dominant_segments": {"price_sensitivity": 3}},
        {"archetype": "arch_410042"},
        {"archetype": {"id": "x" * 300}},
        {"communication_style": {"emphasis": "quality"}},
        {"customer_id": 7001},
    ],
)
def test_a_malformed_analysis_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidAnswer):
        parse_analysis(changed(DEPLOYED_ANALYSIS, **change), ANALYSIS, **FACTS)


def test_an_interval_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(InvalidAnswer):
        parse_ltv(changed(DEPLOYED_LTV, confidence_interval=[9, 1]), LTV, **FACTS)


def test_an_object_of_other_fields_is_no_answer() -> None:
    """Item 8: what is a 200 elsewhere in the family is not yet an answer here."""
    other = Reply({"status": "ok"})
    with pytest.raises(InvalidAnswer):
        parse_analysis(other, ANALYSIS, **FACTS)
    with pytest.raises(InvalidAnswer):
        parse_churn(other, CHURN, **ABOUT)
    with pytest.raises(InvalidAnswer):
        parse_ltv(other, LTV, **FACTS)
    with pytest.raises(InvalidAnswer):
        parse_draft(other, DRAFT, **ABOUT)
    with pytest.raises(InvalidAnswer):
        parse_recommendation(other, **ABOUT)


def test_a_refusal_names_the_field_and_not_what_it_holds() -> None:
    with pytest.raises(InvalidAnswer, match=r"^unexpected value of churn_risk\.score in the reply$"):
        parse_analysis(changed(DEPLOYED_ANALYSIS, churn_risk={"score": "private"}), ANALYSIS, **FACTS)

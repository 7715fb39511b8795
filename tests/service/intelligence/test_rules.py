from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.deadline import Deadline
from providers.errors import NoAnswer, TimedOut
from providers.models import (
    AnalysisRequest,
    Capability,
    CustomerRef,
    Draft,
    Provenance,
    Reason,
    Recommendation,
    RecommendedAction,
    Source,
)
from providers.testing.fakes import EPOCH, FakeClock, ScriptedProvider, sample_answer
from service.intelligence import drafting, recommending
from service.intelligence.services import KnownFacts, combined, facts_for_text

CUSTOMER = CustomerRef("cust_123")
FRESH = Provenance(provider="quimbi", source=Source.FRESH, as_of=EPOCH)
STALE = Provenance(provider="quimbi", source=Source.STALE, as_of=EPOCH, reason=Reason.TIMEOUT)
GENERIC = Provenance(
    provider="fallback", source=Source.FALLBACK, as_of=EPOCH, degraded=True, reason=Reason.TIMEOUT
)

amounts = st.decimals(-(10**9), 10**9, places=2)
risks = st.floats(0, 1)


def facts(**fields: Any) -> KnownFacts:
    return KnownFacts(**{"provenance": FRESH, "customer_dna": {}} | fields)


# ---------------------------------------------------------------- revenue at risk


@given(risk=risks, value=amounts)
def test_revenue_at_risk_is_risk_times_value_to_the_cent(risk: float, value: Decimal) -> None:
    at_risk = facts(churn_risk=risk, lifetime_value=value).revenue_at_risk
    assert at_risk is not None
    assert abs(at_risk - Decimal(str(risk)) * value) <= Decimal("0.005")
    assert abs(at_risk) <= abs(value)


@given(risk=st.none() | risks, value=st.none() | amounts)
def test_revenue_at_risk_is_not_known_where_either_part_is_not(
    risk: float | None, value: Decimal | None
) -> None:
    at_risk = facts(churn_risk=risk, lifetime_value=value).revenue_at_risk
    assert (at_risk is None) is (risk is None or value is None)


def test_no_risk_at_all_is_a_known_figure() -> None:
    assert facts(churn_risk=0.0, lifetime_value=Decimal(100)).revenue_at_risk == 0


# ---------------------------------------------------------------- provenance of a text


@pytest.mark.parametrize("beside", [FRESH, STALE])
def test_a_text_on_known_facts_is_told_as_it_came(beside: Provenance) -> None:
    assert combined(FRESH, beside) == FRESH


def test_a_text_on_facts_that_could_not_be_learnt_is_degraded_for_their_reason() -> None:
    told = combined(FRESH, GENERIC)
    assert (told.provider, told.source) == ("quimbi", Source.FRESH)
    assert (told.degraded, told.reason) == (True, Reason.TIMEOUT)


def test_a_degraded_texts_own_reason_goes_first() -> None:
    text = Provenance(
        provider="fallback", source=Source.FALLBACK, as_of=EPOCH, degraded=True, reason=Reason.CIRCUIT_OPEN
    )
    assert combined(text, GENERIC) == text


# ---------------------------------------------------------------- facts for a text


def asked(provider: ScriptedProvider) -> tuple[Any, KnownFacts]:
    return facts_for_text(provider, CUSTOMER, Deadline.after(3, FakeClock()))


def analysis(**changes: Any) -> Any:
    answer = sample_answer(Capability.ANALYZE, AnalysisRequest(CUSTOMER), "quimbi", EPOCH)
    return answer.with_provenance(**changes)


def test_a_text_is_written_with_what_a_provider_knows() -> None:
    told, known = asked(ScriptedProvider().script(Capability.ANALYZE, analysis()))
    assert told is not None
    assert (known.churn_risk, known.lifetime_value) == (0.18, Decimal("892.5"))


def test_stale_facts_are_facts() -> None:
    told, known = asked(ScriptedProvider().script(Capability.ANALYZE, analysis(source=Source.STALE)))
    assert told is not None
    assert known.provenance.source is Source.STALE


@pytest.mark.parametrize("error", [TimedOut(), NoAnswer([TimedOut()])])
def test_without_an_answer_a_text_is_written_on_nothing_and_the_reason_is_told(error: Exception) -> None:
    told, known = asked(ScriptedProvider().script(Capability.ANALYZE, error))
    assert told is None
    assert (known.churn_risk, known.churn_risk_level, known.revenue_at_risk) == (None, "unknown", None)
    assert (known.provenance.degraded, known.provenance.reason) == (True, Reason.TIMEOUT)


def test_generic_guidance_is_not_told_to_a_provider_as_facts() -> None:
    told, _ = asked(ScriptedProvider().script(Capability.ANALYZE, analysis(source=Source.FALLBACK)))
    assert told is None


# ---------------------------------------------------------------- drafts


@pytest.mark.parametrize(
    ("channel", "length", "ours"),
    [("sms", 160, 0), ("sms", 161, 1), ("email", 161, 0), ("chat", 161, 0), ("phone", 161, 0)],
)
def test_only_an_sms_that_does_not_fit_is_warned_of(channel: str, length: int, ours: int) -> None:
    draft = Draft(
        provenance=FRESH, content="x" * length, tone="friendly", channel=channel, warnings=("Check it.",)
    )
    warnings = drafting.warnings_for(draft, channel)
    assert warnings[0] == "Check it."
    assert len(warnings) == 1 + ours


# ---------------------------------------------------------------- recommendations

KNOWN = {
    "archetype_id": "arch_1",
    "churn_risk_level": "low",
    "lifetime_value": Decimal("640.4"),
    "total_orders": 6,
}


@pytest.mark.parametrize(
    "change",
    [
        {"archetype_id": None},
        {"churn_risk_level": "high"},
        {"lifetime_value": Decimal("640.41")},
        {"lifetime_value": None},
        {"total_orders": 7},
    ],
)
def test_what_a_recommendation_rests_on_changes_its_fingerprint(change: dict[str, Any]) -> None:
    assert recommending.fingerprint(facts(**KNOWN)) != recommending.fingerprint(facts(**KNOWN | change))


@pytest.mark.parametrize(
    "change",
    [
        {"churn_risk": 0.2},
        {"customer_dna": {"price_sensitivity": "deal_hunter"}},
        {"currency": "EUR"},
        {"provenance": STALE},
        {"lifetime_value": Decimal("640.400")},
    ],
)
def test_what_it_does_not_rest_on_leaves_the_fingerprint(change: dict[str, Any]) -> None:
    assert recommending.fingerprint(facts(**KNOWN)) == recommending.fingerprint(facts(**KNOWN | change))


@pytest.mark.parametrize(
    ("worded", "of_ticket", "told"),
    [
        ("urgent", "low", "urgent"),
        ("High", "low", "high"),
        ("medium", "urgent", "normal"),
        ("low", "urgent", "normal"),
        ("whenever", "urgent", "normal"),
        (None, "urgent", "urgent"),
        (None, "high", "high"),
        (None, "normal", "normal"),
        (None, "low", "normal"),
    ],
)
def test_a_priority_is_urgent_high_or_normal(worded: str | None, of_ticket: str, told: str) -> None:
    assert recommending.overall_priority(worded, of_ticket) == told


@pytest.mark.parametrize(
    ("risk", "said", "warnings"),
    [
        (0.6, (), ["Customer has high churn risk"]),
        (0.59, (), []),
        (None, (), []),
        (0.9, ("Customer has high churn risk",), ["Customer has high churn risk"]),
        (0.9, ("Do not call.",), ["Do not call.", "Customer has high churn risk"]),
    ],
)
def test_a_high_churn_risk_is_warned_of_once_by_the_number(
    risk: float | None, said: tuple[str, ...], warnings: list[str]
) -> None:
    recommendation = Recommendation(
        provenance=FRESH, actions=(RecommendedAction(action="Call", priority=1),), warnings=said
    )
    assert recommending.warnings_for(recommendation, facts(churn_risk=risk)) == warnings

"""Quimbi as a provider, against the simulator over real sockets, in both dialects."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from providers.deadline import Deadline
from providers.errors import (
    AccessRefused,
    CustomerNotFound,
    DeadlinePassed,
    InvalidAnswer,
    TimedOut,
    UpstreamError,
)
from providers.interface import Connection, ProviderHealth
from providers.models import (
    FACTS,
    AnalysisRequest,
    BehavioralMetrics,
    Capability,
    ChurnRequest,
    Contact,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Order,
    Predictions,
    Reason,
    RecommendationRequest,
    Source,
)
from providers.quimbi.provider import QuimbiProvider
from providers.settings import SettingsError
from providers.testing.fakes import FakeClock, RecordedHistory, make_host
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.providers.quimbi.conftest import Connect
from tests.providers.quimbi.samples import DRAFT, RECOMMENDATION, TICKET

IDS = ["7001", "7002", "7003", "7010", "7042", "cust_123", "test_customer_low_ltv", "test_customer_high_ltv"]


def ref(external_id: str) -> CustomerRef:
    return CustomerRef("ours_1", {"quimbi": external_id})


@pytest.mark.parametrize("external_id", IDS)
def test_an_analysis_carries_the_true_values_under_our_id(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline, clock: FakeClock, external_id: str
) -> None:
    true = simulator.customer(external_id)
    answer = provider.analyze(AnalysisRequest(ref(external_id)), soon)
    assert (answer.customer_id, answer.currency, answer.known) == ("ours_1", "EUR", True)
    assert answer.metrics == BehavioralMetrics(
        lifetime_value=true.lifetime_value,
        total_orders=true.total_orders,
        avg_order_value=true.avg_order_value,
        days_since_last_purchase=true.days_since_last_purchase,
        customer_tenure_days=true.tenure_days,
    )
    assert answer.predictions == Predictions(
        churn_risk=true.churn_risk, churn_risk_level=true.churn_level, ltv_12mo=true.ltv_12mo
    )
    assert answer.archetype is not None
    assert (answer.archetype.id, answer.archetype.level) == (true.archetype_id, true.archetype_level)
    assert answer.archetype.segments == true.dominant_segments
    assert answer.communication_guidance
    assert (answer.provenance.provider, answer.provenance.source) == ("quimbi", Source.FRESH)
    assert answer.provenance.as_of == clock.now()


@pytest.mark.parametrize("external_id", IDS)
def test_churn_carries_the_true_values(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline, external_id: str
) -> None:
    true = simulator.customer(external_id)
    answer = provider.predict_churn(ChurnRequest(ref(external_id)), soon)
    assert (answer.customer_id, answer.window_days) == ("ours_1", 90)
    assert (answer.churn_risk_score, answer.risk_level) == (true.churn_risk, true.churn_level)
    assert [factor.factor for factor in answer.factors] == [driver.factor for driver in true.drivers]
    assert len(answer.recommendations) == len(true.interventions)


@pytest.mark.parametrize("months", [1, 12, 36])
@pytest.mark.parametrize("external_id", ["7001", "7002", "7010"])
def test_a_forecast_carries_the_value_of_the_coming_months(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline, external_id: str, months: int
) -> None:
    true = simulator.customer(external_id)
    answer = provider.forecast_ltv(LtvRequest(ref(external_id), months), soon)
    assert (answer.horizon_months, answer.current_ltv) == (months, true.lifetime_value)
    assert answer.forecasted_ltv == answer.incremental_ltv == true.coming_value(months)
    assert answer.confidence_interval is not None
    bounds = (answer.confidence_interval.lower, answer.confidence_interval.upper)
    assert bounds == true.coming_bounds(months)


@pytest.mark.parametrize("channel", ["email", "sms", "phone", "chat", "form"])
def test_a_draft_comes_for_every_channel(provider: QuimbiProvider, soon: Deadline, channel: str) -> None:
    request = replace(DRAFT, customer=ref("7003"), ticket=replace(TICKET, channel=channel))
    answer = provider.draft_reply(request, soon)
    assert answer.content.strip()
    assert (answer.tone, answer.channel) == ("empathetic", channel)


def test_a_draft_is_personalised_by_the_facts_sent_along(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline
) -> None:
    simulator.add_customer("7001", customer_id="7999", memberships={"product_knowledge": {"beginner": 1.0}})
    facts = provider.analyze(AnalysisRequest(ref("7999")), soon)
    request = DraftRequest(customer=ref("7999"), ticket=TICKET, facts=facts)
    assert any("beginner" in name for name in provider.draft_reply(request, soon).personalization_applied)


def test_actions_come_most_pressing_first(provider: QuimbiProvider, soon: Deadline) -> None:
    answer = provider.recommend_actions(replace(RECOMMENDATION, customer=ref("7003")), soon)
    priorities = [step.priority for step in answer.actions]
    assert priorities
    assert priorities == sorted(priorities)
    assert answer.estimated_impact.retention_probability is not None


def test_orders_and_contacts_go_along_with_an_analysis_only(
    simulator: QuimbiSimulator, connect: Connect, soon: Deadline
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    orders = [
        Order(external_id=f"o{number}", ordered_at=at, currency="EUR", total=Decimal(9))
        for number in range(30)
    ]
    contact = Contact(ticket_id="t1", at=at, channel="email", subject="Late", status="open")
    history = RecordedHistory(orders={"ours_1": orders}, contacts={"ours_1": [contact]})
    provider = connect(simulator, host={"history": history})
    provider.analyze(AnalysisRequest(ref("7003")), soon)
    provider.predict_churn(ChurnRequest(ref("7003")), soon)
    context = simulator.requests("analyze")[-1].body["context"]
    assert [order["order_id"] for order in context["orders"]] == [f"o{number}" for number in range(20)]
    assert [interaction["ticket_id"] for interaction in context["interactions"]] == ["t1"]
    assert "context" not in simulator.requests("churn")[-1].body


@pytest.mark.parametrize("external_id", ["nobody", "70\x0003", ""])
def test_an_unknown_customer_is_an_answer_for_facts_and_told_for_texts(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline, external_id: str
) -> None:
    customer = ref(external_id)
    simulator.inject(Fault.CUSTOMER_NOT_FOUND, endpoint="message")
    simulator.inject(Fault.CUSTOMER_NOT_FOUND, endpoint="actions")
    for answer in (
        provider.analyze(AnalysisRequest(customer), soon),
        provider.predict_churn(ChurnRequest(customer), soon),
        provider.forecast_ltv(LtvRequest(customer), soon),
    ):
        assert not answer.known
        assert (answer.provenance.reason, answer.provenance.degraded) == (Reason.UNKNOWN_CUSTOMER, False)
    with pytest.raises(CustomerNotFound):
        provider.draft_reply(DraftRequest(customer=customer, ticket=TICKET), soon)
    with pytest.raises(CustomerNotFound):
        provider.recommend_actions(RecommendationRequest(customer=customer, ticket=TICKET), soon)


def test_an_all_null_row_is_the_same_as_an_unknown_customer(
    deployed: QuimbiSimulator, connect: Connect, soon: Deadline
) -> None:
    """Item 5 of what a running installation does to its clients."""
    provider = connect(deployed)
    for ask in (
        lambda customer: provider.analyze(AnalysisRequest(customer), soon),
        lambda customer: provider.predict_churn(ChurnRequest(customer), soon),
        lambda customer: provider.forecast_ltv(LtvRequest(customer), soon),
    ):
        assert ask(ref("empty_1")) == ask(ref("nobody"))


def test_calls_at_once_stay_within_the_share_of_the_pool(
    deployed: QuimbiSimulator, connect: Connect, soon: Deadline
) -> None:
    """Item 1: the share is the policy's; that many calls at once need no more than their own connections."""
    provider = connect(deployed, host={"processes": 2})
    share = provider.policy.max_concurrency
    assert share == 4
    with ThreadPoolExecutor(share) as threads:
        asked = [threads.submit(provider.analyze, AnalysisRequest(ref("7003")), soon) for _ in range(20)]
        assert all(answer.result().known for answer in asked)
    assert deployed.max_parallel <= share


def test_a_slow_health_check_is_not_asked_for_at_all(
    simulator: QuimbiSimulator, provider: QuimbiProvider, soon: Deadline
) -> None:
    """Item 2: health is told by an analysis, never by Quimbi's own word."""
    assert provider.check_health(soon) == ProviderHealth(connection=Connection.CONNECTED)
    assert simulator.calls("health") == 0
    assert simulator.requests("analyze")[-1].body["customer_id"] == "test_customer_high_ltv"


def test_an_attempt_ends_with_its_own_time_or_the_deadline(
    deployed: QuimbiSimulator, connect: Connect, clock: FakeClock
) -> None:
    """Item 3: only the client's deadline bounds a call."""
    deployed.inject(Fault.HANG)
    with pytest.raises(TimedOut):
        connect(deployed, QUIMBI_TIMEOUT="0.1").analyze(AnalysisRequest(ref("7003")), Deadline.never(clock))
    with pytest.raises(TimedOut):
        connect(deployed).analyze(AnalysisRequest(ref("7003")), Deadline.after(0.1, clock))


def test_a_passed_deadline_calls_nobody(
    provider: QuimbiProvider, simulator: QuimbiSimulator, clock: FakeClock
) -> None:
    with pytest.raises(DeadlinePassed):
        provider.analyze(AnalysisRequest(ref("7003")), Deadline.after(0, clock))
    assert simulator.calls() == 0


def test_a_broken_row_fails_for_that_customer_alone(provider: QuimbiProvider, soon: Deadline) -> None:
    """Item 4: a 500 for ever. That it counts once for all is the circuit's part."""
    with pytest.raises(UpstreamError):
        provider.analyze(AnalysisRequest(ref("broken_1")), soon)
    assert provider.analyze(AnalysisRequest(ref("7003")), soon).known


def test_generation_may_fail_while_intelligence_works(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline
) -> None:
    """Item 6: an LLM's fault is a 500 with HTML inside, of one capability."""
    simulator.inject(Fault.SERVER_ERROR_HTML, endpoint="message")
    with pytest.raises(UpstreamError) as caught:
        provider.draft_reply(replace(DRAFT, customer=ref("7003")), soon)
    assert "html" not in str(caught.value).lower()
    assert provider.analyze(AnalysisRequest(ref("7003")), soon).known


def test_an_empty_message_with_status_200_is_a_failed_draft(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline
) -> None:
    """Item 7."""
    simulator.inject(Fault.EMPTY_MESSAGE)
    with pytest.raises(InvalidAnswer):
        provider.draft_reply(replace(DRAFT, customer=ref("7003")), soon)


@pytest.mark.parametrize("fault", [Fault.ERROR_IN_200, Fault.NAN, Fault.OTHER_CUSTOMER, Fault.TRUNCATED_JSON])
def test_a_200_is_not_yet_an_answer(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline, fault: Fault
) -> None:
    """Item 8."""
    simulator.inject(fault)
    facts_only = fault in (Fault.OTHER_CUSTOMER, Fault.NAN)  # documented texts hold no id and no number
    for capability in FACTS if facts_only else Capability:
        with pytest.raises(InvalidAnswer):
            ask(provider, capability, ref("7003"), soon)


@pytest.mark.parametrize("fault", [Fault.UNAUTHORIZED, Fault.FORBIDDEN])
def test_a_refused_key_is_our_fault_and_shows_in_health(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline, fault: Fault
) -> None:
    """Item 9."""
    simulator.inject(fault)
    with pytest.raises(AccessRefused) as caught:
        provider.analyze(AnalysisRequest(ref("7003")), soon)
    assert not caught.value.retryable
    unavailable = ProviderHealth(connection=Connection.UNAVAILABLE, reason=Reason.ACCESS_REFUSED)
    assert provider.check_health(soon) == unavailable


def test_a_wrong_key_is_refused_in_either_dialect(
    simulator: QuimbiSimulator, connect: Connect, soon: Deadline
) -> None:
    with pytest.raises(AccessRefused):
        connect(simulator, QUIMBI_API_KEY="qpk_test_wrong").analyze(AnalysisRequest(ref("7003")), soon)


@pytest.mark.parametrize("words", ["NUL \0 inside", "half a pair \ud83d", "\u202eright to left", "🎉" * 5000])
def test_hostile_words_are_sent_clean(provider: QuimbiProvider, soon: Deadline, words: str) -> None:
    """Item 10: NaN, NUL and `tone: null` make it fail."""
    ticket = replace(TICKET, subject=words, tags=(words,))
    customer = ref("7003")
    assert provider.draft_reply(DraftRequest(customer=customer, ticket=ticket), soon).content
    assert provider.recommend_actions(RecommendationRequest(customer=customer, ticket=ticket), soon).actions


def test_an_unknown_health_customer_shows_that_quimbi_answers(
    simulator: QuimbiSimulator, connect: Connect, soon: Deadline
) -> None:
    provider = connect(simulator, QUIMBI_HEALTH_CUSTOMER="nobody")
    assert provider.check_health(soon).connection is Connection.CONNECTED


def test_an_outage_shows_in_health_with_its_reason(
    provider: QuimbiProvider, simulator: QuimbiSimulator, soon: Deadline
) -> None:
    simulator.inject(Fault.CUT)
    assert provider.check_health(soon).reason is Reason.UNREACHABLE


def test_it_offers_every_capability(provider: QuimbiProvider) -> None:
    assert provider.capabilities == frozenset(Capability)


def test_a_provider_that_was_closed_calls_again_with_new_connections(
    provider: QuimbiProvider, soon: Deadline
) -> None:
    provider.close()
    provider.close()
    assert provider.analyze(AnalysisRequest(ref("7003")), soon).known


def test_settings_are_checked_when_it_is_made() -> None:
    with pytest.raises(SettingsError, match="QUIMBI_API_KEY"):
        QuimbiProvider.from_host(make_host(environment={"QUIMBI_API_KEY": "your-api-key-here"}))


def ask(
    provider: QuimbiProvider, capability: Capability, customer: CustomerRef, deadline: Deadline
) -> object:
    match capability:
        case Capability.ANALYZE:
            return provider.analyze(AnalysisRequest(customer), deadline)
        case Capability.CHURN:
            return provider.predict_churn(ChurnRequest(customer), deadline)
        case Capability.LTV:
            return provider.forecast_ltv(LtvRequest(customer), deadline)
        case Capability.DRAFT:
            return provider.draft_reply(replace(DRAFT, customer=customer), deadline)
        case Capability.RECOMMEND:
            return provider.recommend_actions(replace(RECOMMENDATION, customer=customer), deadline)

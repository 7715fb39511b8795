"""The stub's usual answers, and the changes that a script makes to them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from providers import codec
from providers.models import (
    AnalysisRequest,
    Answer,
    Archetype,
    BehavioralMetrics,
    Capability,
    ChurnFactor,
    ChurnPrediction,
    ChurnRequest,
    ConfidenceInterval,
    CustomerIntelligence,
    CustomerRef,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    Predictions,
    Provenance,
    Reason,
    Recommendation,
    RecommendationRequest,
    Source,
    TicketContext,
    level_of,
)
from providers.stub import replies
from providers.stub.personas import CENT, NAMED_CUSTOMERS, Persona

A = TypeVar("A", bound=Answer)

NAME = "stub"
CURRENCY = "USD"
UNCHANGEABLE = frozenset({"provenance", "customer_id"})


def provenance(as_of: datetime, reason: Reason | None = None) -> Provenance:
    return Provenance(provider=NAME, source=Source.FRESH, as_of=as_of, reason=reason)


# ---------------------------------------------------------------- facts


def intelligence(persona: Persona | None, request: AnalysisRequest, as_of: datetime) -> CustomerIntelligence:
    if persona is None:
        return CustomerIntelligence(
            provenance=provenance(as_of, Reason.UNKNOWN_CUSTOMER),
            known=False,
            customer_id=request.customer.id,
        )
    segments = persona.segments
    return CustomerIntelligence(
        provenance=provenance(as_of),
        customer_id=request.customer.id,
        archetype=Archetype(id=_archetype_id(segments), level="L2", segments=segments),
        metrics=BehavioralMetrics(
            lifetime_value=persona.lifetime_value,
            total_orders=persona.total_orders,
            avg_order_value=persona.avg_order_value,
            days_since_last_purchase=persona.days_since_last_purchase,
            customer_tenure_days=persona.tenure_days,
        ),
        predictions=Predictions(
            churn_risk=persona.churn_risk,
            churn_risk_level=level_of(persona.churn_risk),
            ltv_12mo=persona.value_of(12),
        ),
        communication_guidance=replies.guidance_for(segments),
        currency=CURRENCY,
    )


def churn(persona: Persona | None, request: ChurnRequest, as_of: datetime) -> ChurnPrediction:
    if persona is None:
        return ChurnPrediction(
            provenance=provenance(as_of, Reason.UNKNOWN_CUSTOMER),
            known=False,
            customer_id=request.customer.id,
            window_days=request.window_days,
        )
    silence = persona.days_since_last_purchase
    factor = ChurnFactor(
        factor="days_since_last_purchase",
        value=silence,
        direction="up" if level_of(persona.churn_risk) == "high" else "down",
    )
    return ChurnPrediction(
        provenance=provenance(as_of),
        customer_id=request.customer.id,
        window_days=request.window_days,
        churn_risk_score=persona.churn_risk,
        risk_level=level_of(persona.churn_risk),
        factors=() if silence is None else (factor,),
        recommendations=replies.guidance_for(persona.segments),
        currency=CURRENCY,
    )


def forecast(persona: Persona | None, request: LtvRequest, as_of: datetime) -> LtvForecast:
    if persona is None:
        return LtvForecast(
            provenance=provenance(as_of, Reason.UNKNOWN_CUSTOMER),
            known=False,
            customer_id=request.customer.id,
            horizon_months=request.horizon_months,
        )
    value = persona.value_of(request.horizon_months)
    return LtvForecast(
        provenance=provenance(as_of),
        customer_id=request.customer.id,
        horizon_months=request.horizon_months,
        forecasted_ltv=value,
        confidence_interval=None if value is None else _interval(value),
        current_ltv=persona.lifetime_value,
        incremental_ltv=value,
        currency=CURRENCY,
    )


def _interval(value: Decimal) -> ConfidenceInterval:
    return ConfidenceInterval(
        lower=(value * Decimal("0.8")).quantize(CENT),
        upper=(value * Decimal("1.2")).quantize(CENT),
        confidence_level=0.9,
    )


def _archetype_id(segments: Mapping[str, str]) -> str:
    named = (segments.get("purchase_value"), segments.get("price_sensitivity"))
    return "_".join(["arch", *(name for name in named if name)]) if all(named) else "arch_new_customer"


# ---------------------------------------------------------------- texts


def draft(persona: Persona, request: DraftRequest, as_of: datetime) -> Draft:
    """By the facts that came with the request, else by the stub's own."""
    facts = request.facts or intelligence(persona, AnalysisRequest(request.customer), as_of)
    content, tone, applied = replies.reply(request, facts.archetype.segments if facts.archetype else {})
    return Draft(
        provenance=provenance(as_of),
        content=content,
        tone=tone,
        channel=request.ticket.channel,
        personalization_applied=applied,
    )


def recommendation(persona: Persona, request: RecommendationRequest, as_of: datetime) -> Recommendation:
    facts = request.facts or intelligence(persona, AnalysisRequest(request.customer), as_of)
    risk, at_stake = facts.predictions.churn_risk, replies.at_risk(facts)
    return Recommendation(
        provenance=provenance(as_of),
        actions=replies.actions_for(request.ticket, risk, at_stake),
        priority=replies.urgency(request.ticket, risk),
        warnings=("Customer has high churn risk",) if level_of(risk) == "high" else (),
        talking_points=facts.communication_guidance,
        estimated_impact=replies.impact(risk, at_stake),
    )


# ---------------------------------------------------------------- scripted changes


def changed(answer: A, override: Mapping[str, Any]) -> A:
    """The answer with the fields of `override`. Raises `ValueError` where that is no such answer."""
    forbidden = UNCHANGEABLE & override.keys()
    if forbidden:
        raise ValueError(f"cannot be changed: {', '.join(sorted(forbidden))}")
    merged = _merged(msgspec.json.decode(codec.encode(answer)), override)
    altered = msgspec.json.decode(msgspec.json.encode(merged), type=type(answer))
    unknown = sorted(_lost(override, msgspec.json.decode(codec.encode(altered))))
    if unknown:
        raise ValueError(f"no such field: {', '.join(unknown)}")
    return altered


def check_override(capability: Capability, override: Mapping[str, Any]) -> None:
    """Raises `ValueError` for one that could not be applied."""
    changed(SAMPLES[capability], override)


def _merged(usual: Any, override: Any) -> Any:
    if not isinstance(usual, dict) or not isinstance(override, Mapping):
        return override
    return usual | {name: _merged(usual.get(name), value) for name, value in override.items()}


def _lost(override: Any, altered: Any, path: str = "") -> Iterator[str]:
    """Names in the override that the answer has no field for."""
    if isinstance(override, Mapping):
        for name, value in override.items():
            here = f"{path}.{name}" if path else name
            if isinstance(altered, Mapping) and name in altered:
                yield from _lost(value, altered[name], here)
            else:
                yield here
    elif isinstance(override, list):
        for position, (value, kept) in enumerate(zip(override, altered, strict=True)):
            yield from _lost(value, kept, f"{path}[{position}]")


def _samples() -> Mapping[Capability, Answer]:
    persona = NAMED_CUSTOMERS["test_customer_high_ltv"]
    customer, as_of = CustomerRef(persona.external_id), datetime(2026, 1, 31, tzinfo=UTC)
    ticket = TicketContext(id="ticket_123", subject="", channel="email", priority="normal", version=1)
    return {
        Capability.ANALYZE: intelligence(persona, AnalysisRequest(customer), as_of),
        Capability.CHURN: churn(persona, ChurnRequest(customer), as_of),
        Capability.LTV: forecast(persona, LtvRequest(customer), as_of),
        Capability.DRAFT: draft(persona, DraftRequest(customer=customer, ticket=ticket), as_of),
        Capability.RECOMMEND: recommendation(
            persona, RecommendationRequest(customer=customer, ticket=ticket), as_of
        ),
    }


SAMPLES = _samples()
"""One answer of each kind, to try a script's changes on."""

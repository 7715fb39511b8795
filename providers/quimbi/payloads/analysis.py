"""`POST /api/intelligence/analyze`."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from providers.errors import InvalidAnswer
from providers.models import (
    AnalysisRequest,
    Archetype,
    BehavioralMetrics,
    CustomerIntelligence,
    Predictions,
    Provenance,
    Reason,
    level_of,
)
from providers.quimbi.payloads.identity import check_customer
from providers.quimbi.payloads.reading import Reply, believable
from providers.quimbi.payloads.tables import by_todays_axes
from providers.quimbi.payloads.wording import guidance

IDENTIFYING = ("archetype", "behavioral_metrics", "predictions", "churn_risk", "lifetime_value", "segments")
"""A reply with none of these fields is no analysis."""


@believable
def parse_analysis(
    reply: Reply, request: AnalysisRequest, *, external_id: str, currency: str | None, provenance: Provenance
) -> CustomerIntelligence:
    check_customer(reply, external_id)
    if not any(name in reply for name in IDENTIFYING):
        raise InvalidAnswer("the reply is no analysis")
    archetype, metrics = _archetype(reply), _metrics(reply)
    if archetype is None and metrics.customer_tenure_days is None:
        return unknown_analysis(request, currency=currency, provenance=provenance)
    return CustomerIntelligence(
        customer_id=request.customer.id,
        archetype=archetype,
        metrics=metrics,
        predictions=_predictions(reply),
        communication_guidance=reply.texts("communication_guidance")
        or guidance(reply.section("communication_style")),
        currency=currency,
        provenance=provenance,
    )


def unknown_analysis(
    request: AnalysisRequest, *, currency: str | None, provenance: Provenance
) -> CustomerIntelligence:
    return CustomerIntelligence(
        customer_id=request.customer.id,
        currency=currency,
        known=False,
        provenance=replace(provenance, reason=Reason.UNKNOWN_CUSTOMER),
    )


def _archetype(reply: Reply) -> Archetype | None:
    """None for a row without id and segments: its level alone says nothing."""
    described = reply.section("archetype")
    memberships = _memberships(reply.section("segments"))
    segments = (
        _names_by_axis(described.section("segments"))
        or _names_by_axis(reply.section("dominant_segments"))
        or {axis: max(shares, key=shares.__getitem__) for axis, shares in memberships.items()}
    )
    archetype_id = described.label("id")
    if archetype_id is None and not segments:
        return None
    return Archetype(
        id=archetype_id, level=described.label("level"), segments=segments, memberships=memberships
    )


def _names_by_axis(axes: Reply) -> dict[str, str]:
    return by_todays_axes(
        {axis: segment for axis in axes.names() if (segment := axes.label(axis)) is not None}
    )


def _memberships(axes: Reply) -> Mapping[str, Mapping[str, float]]:
    by_axis = {axis: _shares(axes.section(axis)) for axis in axes.names()}
    return by_todays_axes({axis: shares for axis, shares in by_axis.items() if shares})


def _shares(segments: Reply) -> dict[str, float]:
    return {segment: share for segment in segments.names() if (share := segments.share(segment)) is not None}


def _metrics(reply: Reply) -> BehavioralMetrics:
    if reply.holds("behavioral_metrics"):
        stated = reply.section("behavioral_metrics")
        lifetime_value = stated.nested("lifetime_value", "current").amount("current")
        value, tenure, tenure_days = stated, stated, stated.count("customer_tenure_days")
    else:
        value, tenure = reply.nested("lifetime_value", "current"), reply.section("customer_tenure")
        lifetime_value, tenure_days = value.amount("current"), tenure.count("days")
    return BehavioralMetrics(
        lifetime_value=lifetime_value,
        total_orders=value.count("total_orders"),
        avg_order_value=value.amount("avg_order_value"),
        days_since_last_purchase=tenure.count("days_since_last_purchase"),
        customer_tenure_days=tenure_days,
    )


def _predictions(reply: Reply) -> Predictions:
    if reply.holds("predictions"):
        stated = reply.section("predictions")
        churn = stated.nested("churn_risk", "score")
        level, coming = stated.label("churn_risk_level"), stated.amount("ltv_12mo")
    else:
        churn, value = reply.nested("churn_risk", "score"), reply.nested("lifetime_value", "current")
        level, coming = None, difference(value.amount("predicted_12m"), value.amount("current"))
    risk = churn.share("score")
    return Predictions(
        churn_risk=risk,
        churn_risk_level=level or churn.label("risk_level") or level_of(risk),
        ltv_12mo=coming,
    )


def difference(cumulative: Decimal | None, current: Decimal | None) -> Decimal | None:
    """What is to come, out of what includes the past; not known where either is not."""
    return None if cumulative is None or current is None else cumulative - current
